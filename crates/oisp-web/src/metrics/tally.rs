//! Counts the AI calls that pass through the log, in all, by model and by
//! process. Bounded: models beyond the limit count as `other`, the process that
//! called longest ago is forgotten first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oisp_store::{Cursor, EventLog, Stored};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::Call;
use super::{Usage, usage};

/// Most pairs of provider and model.
const MODELS: usize = 200;
/// Most processes.
const PROCESSES: usize = 1_000;
/// Events taken from the log at once.
const BATCH: usize = 256;
/// Longest text that is kept of an event.
const LONGEST: usize = 256;
/// How long events may wait to be counted while nobody asks.
const PAUSE: Duration = Duration::from_secs(1);

/// The counts. Those who ask get them up to the newest event.
#[derive(Debug)]
pub(crate) struct Tally {
    log: EventLog,
    counted: Mutex<Counted>,
}

#[derive(Debug)]
struct Counted {
    cursor: Cursor,
    all: Sums,
    models: BTreeMap<(String, String), Answers>,
    processes: HashMap<(u32, Option<String>), Process>,
    turn: u64,
}

#[derive(Debug)]
struct Process {
    sums: ProcessSums,
    started: Option<usage::Started>,
    /// Higher for one that called later.
    turn: u64,
}

/// Sums of calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Sums {
    /// Requests.
    pub(super) requests: u64,
    #[serde(flatten)]
    pub(super) answers: Answers,
}

/// Sums of answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Answers {
    /// Answers, those that failed among them.
    pub(super) responses: u64,
    /// Answers that tell of an error.
    pub(super) errors: u64,
    /// Tokens of the prompts, as far as providers said.
    pub(super) input_tokens: u64,
    /// Tokens of the answers, likewise.
    pub(super) output_tokens: u64,
    /// What the calls cost, as far as known.
    pub(super) cost_usd: f64,
}

/// Sums of one model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ModelSums {
    /// Who serves it.
    pub(super) provider: String,
    /// Its id, as answered; `unknown` where no answer named one.
    pub(super) model: String,
    #[serde(flatten)]
    pub(super) answers: Answers,
}

/// Sums of one process.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProcessSums {
    /// Process id.
    pid: u32,
    /// Its name.
    name: String,
    /// Its program.
    #[serde(skip_serializing_if = "Option::is_none")]
    exe: Option<String>,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    /// When it last called or was answered.
    last_call: String,
    /// It still runs; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<bool>,
    /// What it uses; absent where it ended or is not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(flatten)]
    sums: Sums,
}

impl Tally {
    /// Counts what comes from now on.
    pub(crate) fn new(log: &EventLog) -> Self {
        let counted = Counted {
            cursor: log.cursor_at(u64::MAX),
            all: Sums::default(),
            models: BTreeMap::new(),
            processes: HashMap::new(),
            turn: 0,
        };
        Self {
            log: log.clone(),
            counted: Mutex::new(counted),
        }
    }

    /// Goes on counting, so that nothing leaves the log uncounted. Never ends.
    pub(crate) async fn follow(&self) {
        loop {
            let mut next = self.log.cursor_at(u64::MAX);
            drop(self.counted());
            next.wait().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// All, and by model.
    pub(super) fn sums(&self) -> (Sums, Vec<ModelSums>) {
        let counted = self.counted();
        let models = counted.models.iter();
        let models = models.map(|((provider, model), answers)| ModelSums {
            provider: provider.clone(),
            model: model.clone(),
            answers: answers.clone(),
        });
        (counted.all.clone(), models.collect())
    }

    /// By process, the newest caller first.
    pub(super) fn processes(&self) -> Vec<ProcessSums> {
        let mut all: Vec<_> = {
            let counted = self.counted();
            let each = counted.processes.values();
            each.map(|process| (process.turn, process.started, process.sums.clone()))
                .collect()
        };
        all.sort_by_key(|(turn, ..)| std::cmp::Reverse(*turn));
        all.into_iter()
            .map(|(_, started, sums)| with_usage(sums, started))
            .collect()
    }

    /// The counts, up to the newest event.
    fn counted(&self) -> MutexGuard<'_, Counted> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let batch = counted.cursor.read(BATCH);
            if batch.is_empty() {
                return counted;
            }
            batch.iter().for_each(|stored| counted.add(stored));
        }
    }
}

impl Counted {
    fn add(&mut self, stored: &Stored) {
        let is_request = match stored.event.event_type() {
            "ai.request" => true,
            "ai.response" => false,
            _ => return,
        };
        // An event of another shape has nothing that could be counted.
        let Ok(call) = serde_json::from_str::<Call>(stored.event.json()) else {
            return;
        };
        self.process_of(&call, is_request);
        if call.is_other_end() {
            return;
        }
        self.all.add(&call, is_request);
        // By model, answers count: a request may name an alias of it.
        if !is_request {
            self.model_of(&call).add(&call);
        }
    }

    fn model_of(&mut self, call: &Call) -> &mut Answers {
        let mut key = (clipped(call.provider()), clipped(call.model()));
        if self.models.len() >= MODELS && !self.models.contains_key(&key) {
            key = (String::from("other"), String::from("other"));
        }
        self.models.entry(key).or_default()
    }

    fn process_of(&mut self, call: &Call, is_request: bool) {
        let Some(pid) = call.process.pid else {
            return;
        };
        self.turn += 1;
        let start_time = call.process.start_time.as_deref().map(clipped);
        let process = self
            .processes
            .entry((pid, start_time.clone()))
            .or_insert_with(|| Process::of(pid, start_time, call));
        process.turn = self.turn;
        process.sums.last_call = clipped(&call.ts);
        process.sums.sums.add(call, is_request);
        if self.processes.len() > PROCESSES {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self
            .processes
            .iter()
            .min_by_key(|(_, process)| process.turn);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.processes.remove(&key);
        }
    }
}

impl Process {
    /// Its event has just come: what has this id now is it, or it has ended.
    fn of(pid: u32, start_time: Option<String>, call: &Call) -> Self {
        let sums = ProcessSums {
            pid,
            name: clipped(&call.process.name),
            exe: call.process.exe.as_deref().map(clipped),
            start_time,
            last_call: String::new(),
            running: None,
            usage: None,
            sums: Sums::default(),
        };
        Self {
            sums,
            started: usage::of(pid).map(|(_, started)| started),
            turn: 0,
        }
    }
}

impl Sums {
    fn add(&mut self, call: &Call, is_request: bool) {
        match is_request {
            true => self.requests += 1,
            false => self.answers.add(call),
        }
    }
}

impl Answers {
    fn add(&mut self, call: &Call) {
        let usage = &call.data.usage;
        let more = |sum: u64, tokens: Option<u64>| sum.saturating_add(tokens.unwrap_or(0));
        self.responses += 1;
        self.errors += u64::from(call.data.success == Some(false));
        self.input_tokens = more(self.input_tokens, usage.prompt_tokens);
        self.output_tokens = more(self.output_tokens, usage.completion_tokens);
        self.cost_usd += usage.total_cost_usd.unwrap_or(0.0);
    }
}

fn with_usage(mut sums: ProcessSums, started: Option<usage::Started>) -> ProcessSums {
    if started.is_some() {
        let now = usage::of(sums.pid).filter(|(_, now)| Some(*now) == started);
        sums.running = Some(now.is_some());
        sums.usage = now.map(|(usage, _)| usage);
    }
    sums
}

/// What a process or a provider wrote may have any length.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}
