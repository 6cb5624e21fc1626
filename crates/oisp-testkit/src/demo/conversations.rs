//! What the provider says in the demo.

use std::time::Duration;

use crate::{Directive, Scenario};

/// The answers to the demo's clients. None of them fits another prompt.
pub fn scenarios() -> Vec<Scenario> {
    vec![
        review(),
        release_notes(),
        outage(),
        triage(),
        weather_asked(),
        weather_known(),
        disk_asked(),
        disk_known(),
        parcel(),
    ]
}

/// At reading speed, so that a dashboard shows the text growing.
fn unhurried(chunks: usize) -> Directive {
    Directive {
        chunks: Some(chunks),
        delay: Duration::from_millis(25),
        ..Directive::default()
    }
}

fn slow(wait_ms: u64) -> Directive {
    Directive {
        wait: Duration::from_millis(wait_ms),
        ..Directive::default()
    }
}

fn review() -> Scenario {
    Scenario {
        when: "Please review this change",
        text: "**Do not merge: SQL injection.** `text` goes straight into the query, so a search for \
               `' OR '1'='1` reads every customer's orders. Bind both values:\n\n```python\nquery = \"SELECT id, total FROM orders \
               WHERE customer = ? AND note LIKE ?\"\nrows = db.execute(query, (customer.id, f\"%{text}%\")).fetchall()\n```\n\n\
               Also:\n- `rows[0:len(rows) - 1]` drops the last order. Use `rows`.\n- `%` and `_` in the search text are wildcards; \
               escape them if that is not meant.\n- A test with a quote in the note would have caught the first one.",
        directive: slow(700),
        ..Scenario::default()
    }
}

fn release_notes() -> Scenario {
    Scenario {
        when: "Turn these commits into release notes",
        text: "## What's new\n\n📄 **Take your monthly report with you.** Reports can now be exported as CSV and opened in any spreadsheet.\n\n\
               ⚡ **Search answers almost at once.** 95 of 100 searches now take less than a tenth of a second; it used to be most of one.\n\n\
               ✉️ **Invoices arrive even when a mail server has a bad day.** We now try again instead of giving up.",
        directive: unhurried(60),
        ..Scenario::default()
    }
}

fn outage() -> Scenario {
    Scenario {
        when: "Checkout has answered 502",
        directive: Directive {
            error: Some(429),
            ..Directive::default()
        },
        ..Scenario::default()
    }
}

fn triage() -> Scenario {
    Scenario {
        when: "Ticket #4812",
        text: "A double charge with a deadline: this belongs to payments, and it is urgent.",
        tools: &[(
            "assign_ticket",
            r#"{"ticket":"4812","team":"payments","priority":"urgent"}"#,
        )],
        directive: unhurried(15),
        ..Scenario::default()
    }
}

fn weather_asked() -> Scenario {
    Scenario {
        when: "hike up the Uetliberg",
        tools: &[(
            "get_weather",
            r#"{"location":"Uetliberg, Zürich","day":"Saturday"}"#,
        )],
        directive: slow(400),
        ..Scenario::default()
    }
}

fn weather_known() -> Scenario {
    Scenario {
        when: "hike up the Uetliberg",
        after_tool: true,
        text: "Yes, go! ☀️ Saturday stays clear with 17 °C at best and hardly any wind. Take the path from Triemli (about 70 minutes \
               with kids), pack a warm layer for the tower, and reward everyone with cake at the top. Too tired to walk down? \
               The S10 runs every half hour. 🚂",
        directive: slow(600),
        ..Scenario::default()
    }
}

fn disk_asked() -> Scenario {
    Scenario {
        when: "How full is the disk?",
        thinking: "The error names the device, not the path. Before I suggest deleting anything I should see the numbers.",
        text: "Let me look before I guess.",
        tools: &[("run_command", r#"{"command":"df -h /"}"#)],
        directive: unhurried(8),
        ..Scenario::default()
    }
}

fn disk_known() -> Scenario {
    Scenario {
        when: "How full is the disk?",
        after_tool: true,
        text: "The root file system is in the output above: compare **Use%** first. Above 90 % it is the disk, and old container \
               images are the usual culprit (`docker system df` shows them). Below that, look at inodes with `df -i /`: many small \
               cache files fill those long before the space runs out. I would change nothing until you have seen both.",
        directive: unhurried(50),
        ..Scenario::default()
    }
}

fn parcel() -> Scenario {
    Scenario {
        when: "Mein Paket ist seit 5 Tagen",
        text: "Grüezi! Das tut mir leid, fünf Tage sind zu lang. 📦 Ich habe eine Nachforschung bei der Post gestartet; die Antwort kommt \
               meist innert zwei Werktagen. Taucht das Paket bis Freitag nicht auf, schicken wir Ihnen die Bremsbeläge noch einmal, \
               selbstverständlich gratis. Gute Fahrt einstweilen – mit Vorsicht! 🚲",
        directive: unhurried(55),
        ..Scenario::default()
    }
}
