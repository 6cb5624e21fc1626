//! Made-up secrets and personal data: none of them opens anything or is anybody's.

/// The rule that names it, and the secret.
pub fn secrets() -> Vec<(&'static str, String)> {
    let letters = |count: usize| {
        "CNRY8kQ2vT5wZr3pXs7L"
            .chars()
            .cycle()
            .take(count)
            .collect::<String>()
    };
    let lower = |count: usize| {
        "c4nry8kq2vt5wzr3pxs7"
            .chars()
            .cycle()
            .take(count)
            .collect::<String>()
    };
    let upper = |count: usize| letters(count).to_ascii_uppercase();
    let hex = |count: usize| {
        "cafe4d1e5eed0b5e77e5"
            .chars()
            .cycle()
            .take(count)
            .collect::<String>()
    };
    vec![
        ("anthropic_key", format!("sk-ant-api03-{}-AA", letters(80))),
        ("openrouter_key", format!("sk-or-v1-{}", hex(64))),
        (
            "langfuse_key",
            "sk-lf-cafe4d1e-5eed-4b5e-97e5-cafe4d1e5eed".into(),
        ),
        ("openai_key", format!("sk-proj-{}", letters(48))),
        ("openai_key", format!("sk-{}", letters(32))),
        ("google_key", format!("AIza{}", letters(35))),
        ("groq_key", format!("gsk_{}", letters(52))),
        ("xai_key", format!("xai-{}", letters(80))),
        ("perplexity_key", format!("pplx-{}", letters(48))),
        ("replicate_token", format!("r8_{}", letters(37))),
        ("huggingface_token", format!("hf_{}", letters(34))),
        ("fireworks_key", format!("fw_{}", letters(24))),
        ("cerebras_key", format!("csk-{}", lower(48))),
        ("nvidia_key", format!("nvapi-{}", letters(64))),
        ("together_key", format!("tgp_v1_{}", letters(43))),
        (
            "pinecone_key",
            format!("pcsk_{}_{}", letters(6), letters(63)),
        ),
        ("langsmith_key", format!("lsv2_pt_{}_{}", hex(32), hex(10))),
        ("tavily_key", format!("tvly-dev-{}", letters(32))),
        ("elevenlabs_key", format!("sk_{}", hex(48))),
        ("jina_key", format!("jina_{}", letters(60))),
        ("apify_token", format!("apify_api_{}", letters(36))),
        ("firecrawl_key", format!("fc-{}", hex(32))),
        ("e2b_key", format!("e2b_{}", hex(40))),
        ("databricks_token", format!("dapi{}", hex(32))),
        ("aws_access_key", format!("AKIA{}", upper(16))),
        ("aws_bedrock_key", format!("ABSK{}", letters(100))),
        ("google_oauth", format!("ya29.{}", letters(60))),
        ("google_refresh_token", format!("1//0{}", letters(60))),
        ("google_client_secret", format!("GOCSPX-{}", letters(28))),
        ("azure_client_secret", format!("CN18Q~{}", letters(33))),
        ("digitalocean_token", format!("dop_v1_{}", hex(64))),
        ("alibaba_access_key", format!("LTAI{}", letters(20))),
        ("tencent_secret_id", format!("AKID{}", letters(32))),
        (
            "cloudflare_origin_key",
            format!("v1.0-{}-{}", hex(24), hex(146)),
        ),
        ("heroku_key", format!("HRKU-{}", letters(60))),
        ("fly_token", format!("fo1_{}", letters(43))),
        ("netlify_token", format!("nfp_{}", letters(36))),
        ("render_key", format!("rnd_{}", letters(28))),
        ("supabase_key", format!("sbp_{}", hex(40))),
        ("planetscale_token", format!("pscale_tkn_{}", letters(43))),
        ("vault_token", format!("hvs.{}", letters(90))),
        (
            "terraform_token",
            format!("{}.atlasv1.{}", letters(14), letters(67)),
        ),
        ("pulumi_token", format!("pul-{}", hex(40))),
        ("doppler_token", format!("dp.pt.{}", letters(43))),
        ("yandex_key", format!("AQVN{}", letters(36))),
        ("github_token", format!("ghp_{}", letters(36))),
        (
            "github_token",
            format!("github_pat_{}_{}", letters(22), letters(59)),
        ),
        ("gitlab_token", format!("glpat-{}", letters(20))),
        ("atlassian_token", format!("ATATT3{}", letters(180))),
        ("npm_token", format!("npm_{}", letters(36))),
        ("pypi_token", format!("pypi-AgEIcHlwaS5vcmc{}", letters(60))),
        ("rubygems_key", format!("rubygems_{}", hex(48))),
        ("crates_token", format!("cio{}", letters(32))),
        ("nuget_key", format!("oy2{}", lower(43))),
        ("docker_token", format!("dckr_pat_{}", letters(27))),
        ("artifactory_key", format!("AKCp{}", letters(69))),
        ("clojars_token", format!("CLOJARS_{}", lower(60))),
        (
            "circleci_token",
            format!("CCIPAT_{}_{}", letters(22), hex(40)),
        ),
        ("buildkite_token", format!("bkua_{}", hex(40))),
        ("sonar_token", format!("sqp_{}", hex(40))),
        ("postman_key", format!("PMAK-{}-{}", hex(24), hex(34))),
        ("prefect_key", format!("pnu_{}", letters(36))),
        ("infracost_key", format!("ico-{}", letters(32))),
        ("sentry_token", format!("sntrys_{}", letters(80))),
        ("grafana_token", format!("glsa_{}_{}", letters(32), hex(8))),
        ("newrelic_key", format!("NRAK-{}", upper(27))),
        (
            "dynatrace_token",
            format!("dt0c01.{}.{}", upper(24), upper(64)),
        ),
        ("honeycomb_key", format!("hcaik_{}", lower(58))),
        (
            "launchdarkly_key",
            "sdk-cafe4d1e-5eed-4b5e-97e5-cafe4d1e5eed".into(),
        ),
        ("slack_token", format!("xoxb-123456789012-{}", letters(24))),
        ("slack_token", format!("xapp-1-A0{}", letters(40))),
        ("telegram_token", format!("1234567890:AA{}", letters(33))),
        (
            "sendgrid_key",
            format!("SG.{}.{}", letters(22), letters(43)),
        ),
        ("mailgun_key", format!("key-{}", hex(32))),
        ("mailchimp_key", format!("{}-us12", hex(32))),
        ("brevo_key", format!("xkeysib-{}-{}", hex(64), letters(16))),
        ("resend_key", format!("re_{}_{}", letters(8), letters(24))),
        ("linear_key", format!("lin_api_{}", letters(40))),
        ("notion_token", format!("ntn_{}", letters(46))),
        ("figma_token", format!("figd_{}", letters(40))),
        ("airtable_token", format!("pat{}.{}", letters(14), hex(64))),
        ("facebook_token", format!("EAAC{}", letters(150))),
        ("stripe_key", format!("sk_live_{}", letters(24))),
        ("webhook_secret", format!("whsec_{}", letters(32))),
        ("square_token", format!("sq0atp-{}", letters(22))),
        ("shopify_token", format!("shpat_{}", hex(32))),
        ("razorpay_key", format!("rzp_live_{}", letters(14))),
        (
            "braintree_token",
            format!("access_token$production${}${}", lower(16), hex(32)),
        ),
        (
            "plaid_token",
            "access-production-cafe4d1e-5eed-4b5e-97e5-cafe4d1e5eed".into(),
        ),
        ("flutterwave_key", format!("FLWSECK-{}-X", hex(32))),
        (
            "jwt",
            format!(
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{}.{}",
                letters(20),
                letters(43)
            ),
        ),
        ("age_key", format!("AGE-SECRET-KEY-1{}", upper(58))),
        (
            "private_key",
            format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----",
                letters(64),
                letters(40)
            ),
        ),
        (
            "private_key",
            format!(
                "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
                letters(70)
            ),
        ),
        ("email", "cnry.lovelace@example.com".into()),
        ("iban", "DE89 3704 0044 0532 0130 00".into()),
        ("card", "4111 1111 1111 1111".into()),
        ("phone", "+44 20 7946 0018".into()),
        ("ssn", "536-90-4399".into()),
        ("ip", "203.0.113.77".into()),
        (
            "crypto_address",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".into(),
        ),
    ]
}

/// Where the secret stands in a context of its own, and the rest stays.
pub const CONTEXTS: [(&str, &str, &str); 20] = [
    (
        "url_password",
        "postgres://app:CNRYp4ss@db.example.com:5432/x",
        "postgres://app:[REDACTED:url_password]@db.example.com:5432/x",
    ),
    (
        "url_token",
        "https://x.example/v1?a=1&access_token=CNRY12345678&b=2",
        "https://x.example/v1?a=1&access_token=[REDACTED:url_token]&b=2",
    ),
    (
        "signed_url",
        "https://b.example/o?X-Amz-Signature=c4fec4fec4fec4fec4fe&x=1",
        "https://b.example/o?X-Amz-Signature=[REDACTED:signed_url]&x=1",
    ),
    (
        "authorization",
        "-H 'Authorization: Bearer CNRYabcdefgh'",
        "-H 'Authorization: Bearer [REDACTED:authorization]'",
    ),
    (
        "basic_auth",
        "Authorization: Basic Q05SWTpDTlJZ",
        "Authorization: Basic [REDACTED:basic_auth]",
    ),
    (
        "basic_auth",
        "curl -u ada:CNRYsecret https://x.example",
        "curl -u ada:[REDACTED:basic_auth] https://x.example",
    ),
    (
        "cookie",
        "Cookie: sid=CNRYabc; theme=dark",
        "Cookie: [REDACTED:cookie]",
    ),
    (
        "named_secret",
        "X-Api-Key: CNRY0123456789",
        "X-Api-Key: [REDACTED:named_secret]",
    ),
    (
        "named_secret",
        "FOO_TOKEN=CNRYabc123 make all",
        "FOO_TOKEN=[REDACTED:named_secret] make all",
    ),
    (
        "named_secret",
        "tool --api-key CNRYabc1 --verbose",
        "tool --api-key [REDACTED:named_secret] --verbose",
    ),
    (
        "named_secret",
        "const clientSecret = 'CNRYabcdef';",
        "const clientSecret = '[REDACTED:named_secret]';",
    ),
    (
        "named_secret",
        "{\"password\": \"a CNRY phrase\"}",
        "{\"password\": \"[REDACTED:named_secret]\"}",
    ),
    (
        "command_password",
        "mysql -h db -u root -pCNRYpw shop",
        "mysql -h db -u root -p[REDACTED:command_password] shop",
    ),
    (
        "command_password",
        "sshpass -p CNRYpw ssh host",
        "sshpass -p [REDACTED:command_password] ssh host",
    ),
    (
        "azure_account_key",
        "AccountName=x;AccountKey=CNRYabcdefghijklmnopqrst==;E=1",
        "AccountName=x;AccountKey=[REDACTED:azure_account_key];E=1",
    ),
    (
        "slack_webhook",
        "https://hooks.slack.com/services/T0CNRY00/B0CNRY00/CNRYabcdefgh",
        "https://hooks.slack.com/services/[REDACTED:slack_webhook]",
    ),
    (
        "command_password",
        "redis-cli -h db -a CNRY\\pw",
        "redis-cli -h db -a [REDACTED:command_password]",
    ),
    (
        "named_secret",
        "tool --password CN\\RYpw0",
        "tool --password [REDACTED:named_secret]",
    ),
    (
        "netrc_password",
        "machine x login ada password CNRYpw",
        "machine x login ada password [REDACTED:netrc_password]",
    ),
    (
        "aws_secret_key",
        "aws_secret_access_key\": \"CNRY8kQ2vT5wZr3pXs7LCNRY8kQ2vT5wZr3pXs7L\"",
        "aws_secret_access_key\": \"[REDACTED:aws_secret_key]\"",
    ),
];
