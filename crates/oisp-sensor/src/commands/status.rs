//! `status`: how a sensor that runs is, and the link to its dashboard.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::ask::{Sensor, Unanswered};
use crate::cli::StatusOptions;
use crate::config::Config;
use crate::failure::{FAILED, Failure};
use crate::output::{Data, printable};
use crate::token;
use crate::web::Link;

/// Prints it. Exit code 0 only where capture is attached.
pub fn run(options: &StatusOptions, config: &Config) -> Result<ExitCode, Failure> {
    let port = config.web.port;
    let sensor = Sensor::on(port);
    let scheme = sensor.scheme().map_err(Failure::new)?;
    let health = sensor.get("/api/health").map_err(Failure::new)?;
    // What is below needs the token; how the sensor is, nobody must be refused.
    let sinks = sensor.get("/api/sinks");
    let link = sinks.as_ref().ok().and_then(|_| token::kept().ok());
    let link = link.map(|token| {
        let address = format!("{scheme}://localhost:{}", port);
        Link::to(address, token).whole()
    });
    let mut data = Data::new();
    if options.json {
        let sinks = sinks.unwrap_or(Value::Null);
        let all = json!({"health": health, "sinks": sinks, "link": link});
        data.line(format_args!("{all:#}"));
    } else {
        let text = text(port, &health, &sinks, link.as_deref());
        data.line(format_args!("{}", text.trim_end()));
    }
    let is_ready = health.get("ready").and_then(Value::as_bool) == Some(true);
    Ok(if is_ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

fn text(
    port: u16,
    health: &Value,
    sinks: &Result<Value, Unanswered>,
    link: Option<&str>,
) -> String {
    let word = |name| word(health, name);
    let uptime = health.get("uptime_seconds").and_then(Value::as_u64);
    let uptime = std::time::Duration::from_secs(uptime.unwrap_or(0));
    let mut text = format!(
        "oisp-sensor {} on port {port}: {}, up {}, redaction {}\n",
        word("version"),
        word("status"),
        humantime::format_duration(uptime),
        word("redaction"),
    );
    let reasons = health.get("reasons").and_then(Value::as_array);
    for reason in reasons.into_iter().flatten() {
        let _ = writeln!(text, "  {}", self::word(reason, "message"));
    }
    match sinks {
        Ok(sinks) => sinks.as_array().into_iter().flatten().for_each(|sink| {
            let _ = writeln!(text, "{}", sink_line(sink));
        }),
        Err(error) => {
            let _ = writeln!(text, "  sinks and link are left out: {error}");
        }
    }
    if let Some(link) = link {
        let _ = writeln!(text, "  dashboard  {link}");
    }
    text
}

fn sink_line(sink: &Value) -> String {
    let figure = |name| sink.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut line = format!(
        "  sink       {}: {}, {} delivered, {} waiting, {} dropped",
        word(sink, "name"),
        word(sink, "state"),
        figure("delivered"),
        figure("lag"),
        figure("dropped"),
    );
    if let Some(error) = sink.get("last_error") {
        let _ = write!(line, "; {}", word(error, "message"));
    }
    line
}

fn word(value: &Value, name: &str) -> String {
    printable(value.get(name).and_then(Value::as_str).unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sick_sensor_says_why_and_its_sinks_what_they_lack() {
        let health = json!({
            "version": "0.1.0", "status": "degraded", "uptime_seconds": 61, "redaction": "safe",
            "reasons": [{"code": "sink_failing", "message": "the sink jsonl fails"}],
        });
        let sinks = json!([{
            "name": "jsonl", "state": "failing", "delivered": 3, "lag": 2, "dropped": 0,
            "last_error": {"message": "disk full\u{1b}[31m"},
        }]);
        let text = text(
            7777,
            &health,
            &Ok(sinks),
            Some("http://localhost:7777/?token=abc"),
        );
        assert_eq!(
            text,
            "oisp-sensor 0.1.0 on port 7777: degraded, up 1m 1s, redaction safe\n  \
             the sink jsonl fails\n  \
             sink       jsonl: failing, 3 delivered, 2 waiting, 0 dropped; disk full\u{fffd}[31m\n  \
             dashboard  http://localhost:7777/?token=abc\n"
        );
    }
}
