//! What the command line takes. What is also in the configuration, a flag sets
//! over it (`flags.rs`): such flags have no default of their own, and their help
//! names the key's.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "clap prints these comments as they are: brackets hold the name of a variable"
)]

mod flags;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use oisp_core::capture::ProcessRule;
use oisp_redact::Mode;

use crate::config::{Config, Whose};

/// Shows what the AI programs on this machine say and do, without touching
/// them.
#[derive(Debug, Parser)]
#[command(name = "oisp-sensor", version, max_term_width = 100)]
pub struct Cli {
    /// Say more on standard error: -v info, -vv debug, -vvv trace.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The configuration file. Without it: the one in the user's configuration
    /// folder, else /etc/oisp-sensor/config.toml [OISP_CONFIG].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Capture AI calls of every program, write events, serve the dashboard.
    Record(Box<RecordOptions>),
    /// Run real clients against a loopback provider and capture their calls.
    Demo(DemoOptions),
    /// Turn a capture file into events.
    Decode(DecodeOptions),
    /// Tell what can be captured here, what not, and why.
    #[command(alias = "check")]
    Doctor(DoctorOptions),
    /// Show recorded calls.
    Show(ShowOptions),
    /// Tell how a sensor that runs is, and the link to its dashboard.
    Status(StatusOptions),
    /// Show, check and explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run the sensor in the background.
    #[command(subcommand)]
    Daemon(DaemonCommand),
}

/// What `daemon` does.
#[derive(Debug, Subcommand)]
pub enum DaemonCommand {
    /// Start `record` in the background and wait until it is attached.
    Start {
        /// Options of `record`.
        #[arg(
            value_name = "OPTIONS",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        options: Vec<String>,
    },
    /// End it, after it has delivered what is left.
    Stop,
    /// Tell whether it runs: exit code 0, or 1 where it does not.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the end of its log.
    Logs {
        /// How many lines.
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        last: usize,
        /// Go on with what comes.
        #[arg(short, long)]
        follow: bool,
    },
}

/// What `record` and `demo` share.
#[derive(Debug, Args)]
pub struct Serving {
    /// Port of the dashboard. Default: 7777 [OISP_WEB_PORT].
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Address of the dashboard. Anything but a loopback address lets other
    /// machines ask, with the token. Default: 127.0.0.1 [OISP_WEB_HOST].
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<IpAddr>,
    /// A further host name under which the dashboard may be asked for
    /// [OISP_WEB_ALLOWED_HOSTS].
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub allow_host: Vec<String>,
    /// Reading the dashboard takes no token: every user of this machine may.
    /// On a loopback address only; changes take the token all the same
    /// [OISP_WEB_OPEN_READS].
    #[arg(long)]
    pub open_reads: bool,
    /// Serve the dashboard over TLS with this certificate, and those between it
    /// and its root: a PEM file [OISP_WEB_TLS_CERT].
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key: a PEM file [OISP_WEB_TLS_KEY].
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// No dashboard [OISP_NO_WEB].
    #[arg(long)]
    pub no_web: bool,
    /// What is taken out of events before they leave memory: safe (secrets and
    /// personal data), full (all content), minimal (secrets only) or off.
    /// Default: safe [OISP_REDACTION_MODE].
    #[arg(long, value_name = "MODE")]
    pub redaction: Option<Mode>,
    /// Stop after this time, such as 30s or 5m [OISP_DURATION].
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Size of the kernel's ring buffer, MiB [OISP_RING_MIB].
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub ring_mib: Option<u32>,
}

/// What is known of providers, programs and prices.
#[derive(Clone, Debug, Default, Args)]
pub struct KnowledgeOptions {
    /// Further providers, models and programs of yours: a file, read again when
    /// it changes, or an https:// URL, fetched at start and once a day
    /// [OISP_REGISTRY].
    #[arg(long, value_name = "FILE|URL")]
    pub registry: Option<String>,
    /// Prices in the format of genai-prices, in place of the sensor's own: a
    /// file or URL likewise [OISP_PRICES].
    #[arg(long, value_name = "FILE|URL")]
    pub prices: Option<String>,
}

/// Options of `record`.
#[derive(Debug, Args)]
pub struct RecordOptions {
    /// Append events to this file, one JSON object a line; - for standard
    /// output. Default: events.jsonl [OISP_JSONL_PATH].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Capture only programs of this name, and their descendants. May be given
    /// several times [OISP_PROCESS].
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub process: Vec<String>,
    /// Capture only this process and its descendants. May be given several
    /// times [OISP_PID].
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// Capture only what this rule names: pid:N, name:NAME, user:UID or
    /// cgroup:PATH, and their descendants. May be given several times
    /// [OISP_INCLUDE].
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub include: Vec<ProcessRule>,
    /// Never capture what this rule names, or its descendants. May be given
    /// several times [OISP_EXCLUDE].
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub exclude: Vec<ProcessRule>,
    /// Percent of one processor that the sensor may use. Above it, it leaves out
    /// file events, then connections that are not known to carry AI calls, and
    /// says so. 0 for no limit. Default: 100 [OISP_CPU_BUDGET].
    #[arg(long, value_name = "PERCENT")]
    pub cpu_budget: Option<u32>,
    /// No process.exec, process.fork and process.exit events
    /// [OISP_NO_PROCESS_EVENTS].
    #[arg(long)]
    pub no_process: bool,
    /// No events of files, and nothing looked at for them [OISP_NO_FILE].
    #[arg(long)]
    pub no_file: bool,
    /// No network.connect, network.accept, network.flow and network.dns events
    /// [OISP_NO_NETWORK].
    #[arg(long)]
    pub no_network: bool,
    /// Further signatures of TLS functions in programs without symbols: a folder
    /// of TOML files. May be given several times [OISP_SIGNATURES].
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    pub signatures: Vec<PathBuf>,
    /// Also an event for each piece of a streamed answer [OISP_STREAM_CHUNKS].
    #[arg(long)]
    pub stream_chunks: bool,
    /// Also save the raw plaintext, unredacted, for `decode` [OISP_SAVE_CAPTURE].
    #[arg(long, value_name = "FILE")]
    pub save_capture: Option<PathBuf>,
    /// The event log.
    #[command(flatten)]
    pub store: StoreOptions,
    /// Connections without TLS.
    #[command(flatten)]
    pub plain: PlainOptions,
    /// Providers, programs, prices.
    #[command(flatten)]
    pub knowledge: KnowledgeOptions,
    /// Dashboard, redaction, duration.
    #[command(flatten)]
    pub serving: Serving,
}

/// Where events are kept.
#[derive(Clone, Debug, Default, Args)]
pub struct StoreOptions {
    /// The event log, a SQLite database. It is in the state directory unless
    /// told: /var/lib/oisp-sensor/events.db for root [OISP_STORE_PATH].
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Keep events in memory only: they end with the sensor
    /// [OISP_STORE_EPHEMERAL].
    #[arg(long)]
    pub ephemeral: bool,
}

/// What is captured without TLS.
#[derive(Clone, Debug, Default, Args)]
pub struct PlainOptions {
    /// A further port at which plain HTTP is captured, beside those of known
    /// model servers (Ollama, LM Studio, vLLM, …). May be given several times
    /// [OISP_PLAIN_PORTS].
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub plain_port: Vec<u16>,
    /// A port at which none is captured; 0 for all but those of --plain-port.
    /// May be given several times [OISP_NO_PLAIN_PORTS].
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub no_plain_port: Vec<u16>,
    /// Whose conversations with children over standard input and output are
    /// captured, where they are JSON-RPC, as of MCP servers; without a word,
    /// everybody's. Default: agents [OISP_STDIO].
    #[arg(
        long,
        value_name = "WHOSE",
        num_args = 0..=1,
        default_missing_value = "all"
    )]
    pub stdio: Option<Whose>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Append events to this file too.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// End after the calls were made instead of serving the dashboard on.
    #[arg(long)]
    pub once: bool,
    /// Dashboard, redaction, duration.
    #[command(flatten)]
    pub serving: Serving,
}

/// Options of `decode`.
#[derive(Debug, Args)]
pub struct DecodeOptions {
    /// The capture file; - for standard input.
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// Write events to this file instead of standard output. It is replaced.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// Also an event for each piece of a streamed answer [OISP_STREAM_CHUNKS].
    #[arg(long)]
    pub stream_chunks: bool,
    /// What is taken out: safe, full, minimal or off. Default: safe
    /// [OISP_REDACTION_MODE].
    #[arg(long, value_name = "MODE")]
    pub redaction: Option<Mode>,
    /// Providers, programs, prices.
    #[command(flatten)]
    pub knowledge: KnowledgeOptions,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// Further signatures, as for `record` [OISP_SIGNATURES].
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    pub signatures: Vec<PathBuf>,
    /// Port of the dashboard of a sensor that runs: what it has seen is told, too.
    /// Default: 7777 [OISP_WEB_PORT].
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Only this process, by id or name.
    #[arg(value_name = "PID|NAME")]
    pub process: Option<String>,
    /// Only look: make no TLS call to prove that capture works.
    #[arg(long, env = "OISP_NO_SELF_TEST")]
    pub no_self_test: bool,
    /// As JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct ShowOptions {
    /// A call to show whole: its request id, or the id of one of its events.
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// An events file to read, one JSON object a line, in place of the event log.
    #[arg(short, long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// The event log, where it is not in the state directory [OISP_STORE_PATH].
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub store: Option<PathBuf>,
    /// How many of the newest.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub last: usize,
    /// Every event of this type instead of calls, such as process.exec. May be
    /// given several times.
    #[arg(short = 't', long = "type", value_name = "TYPE", value_delimiter = ',')]
    pub types: Vec<String>,
    /// As JSON lines.
    #[arg(long)]
    pub json: bool,
}

impl ShowOptions {
    /// Of the log that the configuration names, where the options name none.
    pub fn or_configured(mut self, config: &Config) -> Self {
        self.store = self.store.or_else(|| config.store.path.clone());
        self
    }
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusOptions {
    /// Port of the sensor's dashboard. Default: 7777 [OISP_WEB_PORT].
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// As JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

/// What `config` does.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print each value that is in force, and where it comes from. Secrets are
    /// never printed.
    Show {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check a configuration: file, variables and flags; exit code 2 where it
    /// cannot be used.
    Validate {
        /// The file, in place of the one that would be read.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print every key with its text and its default, as a file to begin with.
    Example,
    /// Print the JSON Schema of the file, for editors.
    Schema,
    /// Print the reference as Markdown: docs/configuration.md.
    #[command(hide = true)]
    Document,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
