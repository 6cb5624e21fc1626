//! Made-up secrets. Whatever is told of one must not hold [`CANARY`], or the
//! digits that a card, an account and the like are made of.

/// Stands in each secret, more than once where it is long.
pub const CANARY: &str = "CNRY";

/// The secrets, one of each way of being found; and whether the mode `minimal`
/// leaves them.
pub fn secrets() -> Vec<(String, bool)> {
    let body = "CNRY8kQ2vT5wZr3pXs7LqM9f";
    let long = body.repeat(6);
    let secrets = [
        format!("sk-proj-{body}{body}"),
        format!("sk-ant-api03-{body}{body}-AA"),
        format!("ghp_{body}CNRY8kQ2vT5w"),
        "AKIACNRY8KQ2VT5WZR3P".into(),
        format!("AIza{body}CNRY8kQ2vT5"),
        format!("xoxb-123456789012-{body}"),
        format!("sk_live_{body}"),
        format!("glpat-{body}"),
        format!("hf_{body}CNRY8kQ2vT"),
        format!("npm_{body}CNRY8kQ2vT5w"),
        format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{body}.{body}"),
        format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----",
            &long[..64],
            &long[64..]
        ),
        "postgres://app:CNRYp4ssw0rd@db.internal:5432/shop".into(),
        "password=CNRYhunter22".into(),
        format!("Authorization: Bearer {body}"),
        "{\"api_key\": \"CNRYmadeup0123\"}".into(),
        "--api-key CNRYafterflag0".into(),
        "mysql -u root -pCNRYmadeup shop".into(),
        "https://x.example/?access_token=CNRY%2Bmadeup012".into(),
    ];
    let personal = [
        "cnry.CNRY@example.com",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "536-90-4399",
        "+44 20 7946 0018",
    ];
    let secrets = secrets.into_iter().map(|secret| (secret, false));
    secrets
        .chain(personal.map(|datum| (datum.to_owned(), true)))
        .collect()
}

/// What nothing may tell in that mode.
pub fn needles(mode: &str) -> Vec<String> {
    let personal = ["4111 1111", "3704 0044", "536-90-4399", "20 7946 0018"].map(str::to_owned);
    let mut needles = vec![CANARY.to_owned(), CANARY.to_lowercase() + "."];
    match mode {
        "minimal" => needles.truncate(1),
        _ => needles.extend(personal),
    }
    needles
}
