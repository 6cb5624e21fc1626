//! Sessions of agents: the conversations in which a model may use tools, or
//! which the client names itself.

use std::collections::{BTreeSet, HashMap};

use oisp_core::Timestamp;
use oisp_core::event::agent::{Agent, Session, SessionStats};
use oisp_core::event::ai::Usage;

use crate::conversation::PAUSE_MS;

/// Most sessions under way; above it the one that was silent longest is
/// forgotten without an end.
const MAX_SESSIONS: usize = 4096;

/// The sessions under way, by conversation.
#[derive(Debug, Default)]
pub struct Sessions {
    under_way: HashMap<String, UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    agent: Agent,
    /// The processes that still live and take part.
    pids: BTreeSet<u32>,
    began: Timestamp,
    last: Timestamp,
    stats: SessionStats,
}

/// What a call adds to its session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// Tools that the model asked for.
    pub tool_calls: u64,
    /// Tokens and cost.
    pub usage: Option<Usage>,
}

/// A session that is over.
pub struct Ended {
    /// The payload of the event.
    pub session: Session,
    /// The process that was last known to take part.
    pub pid: u32,
    /// When it ended.
    pub at: Timestamp,
}

impl Sessions {
    /// A call was made; gives the session's start where it is the first.
    pub fn call(
        &mut self,
        conversation: &str,
        pid: u32,
        agent: Agent,
        is_agent: bool,
        at: Timestamp,
    ) -> Option<Session> {
        if let Some(known) = self.under_way.get_mut(conversation) {
            known.pids.insert(pid);
            known.last = at;
            known.stats.llm_calls += 1;
            return None;
        }
        if !is_agent {
            return None;
        }
        self.forget_one();
        let agent = Agent {
            session_id: Some(conversation.to_owned()),
            ..agent
        };
        let under_way = UnderWay {
            agent: agent.clone(),
            pids: BTreeSet::from([pid]),
            began: at,
            last: at,
            stats: SessionStats {
                llm_calls: 1,
                ..SessionStats::default()
            },
        };
        self.under_way.insert(conversation.to_owned(), under_way);
        Some(Session {
            agent: Some(agent),
            action: "start",
            session_id: Some(conversation.to_owned()),
            ..Session::default()
        })
    }

    /// A call was answered.
    pub fn answer(&mut self, conversation: &str, turn: Turn, at: Timestamp) {
        let Some(known) = self.under_way.get_mut(conversation) else {
            return;
        };
        known.last = known.last.max(at);
        known.stats.tool_calls += turn.tool_calls;
        let Some(usage) = turn.usage else { return };
        if let Some(tokens) = usage.total_tokens {
            let sum = known.stats.tokens_used.get_or_insert(0);
            *sum = sum.saturating_add(tokens);
        }
        if let Some(cost) = usage.total_cost_usd {
            *known.stats.estimated_cost_usd.get_or_insert(0.0) += cost;
        }
    }

    /// A process ended; gives the sessions that end with it.
    pub fn exited(&mut self, pid: u32, at: Timestamp) -> Vec<Ended> {
        let over: Vec<_> = self
            .under_way
            .iter_mut()
            .filter_map(|(id, known)| {
                (known.pids.remove(&pid) && known.pids.is_empty()).then(|| id.clone())
            })
            .collect();
        self.end(over, pid, Some(at))
    }

    /// Gives the sessions that have been silent for too long.
    pub fn expired(&mut self, now: Timestamp) -> Vec<Ended> {
        let silent = |known: &UnderWay| now.millis_since(known.last) > PAUSE_MS;
        let over: Vec<_> = self
            .under_way
            .iter()
            .filter(|(_, known)| silent(known))
            .map(|(id, _)| id.clone())
            .collect();
        self.end(over, 0, None)
    }

    /// Ends those sessions, in the order of their names: a map has none.
    fn end(&mut self, mut over: Vec<String>, pid: u32, at: Option<Timestamp>) -> Vec<Ended> {
        over.sort_unstable();
        let ended = over.into_iter().filter_map(|id| {
            let known = self.under_way.remove(&id)?;
            let at = at.unwrap_or(known.last);
            Some(Ended {
                pid: known.pids.first().copied().unwrap_or(pid),
                at,
                session: Session {
                    agent: Some(known.agent),
                    action: "end",
                    session_id: Some(id),
                    duration_ms: Some(at.millis_since(known.began)),
                    stats: Some(known.stats),
                },
            })
        });
        ended.collect()
    }

    fn forget_one(&mut self) {
        if self.under_way.len() < MAX_SESSIONS {
            return;
        }
        let oldest = self.under_way.iter().min_by_key(|(_, known)| known.last);
        if let Some(id) = oldest.map(|(id, _)| id.clone()) {
            self.under_way.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_minute(minute: u64) -> Timestamp {
        Timestamp::from_nanos(minute * 60_000_000_000)
    }

    #[test]
    fn a_session_starts_once_and_ends_with_its_last_process() {
        let mut sessions = Sessions::default();
        let mut call = |pid| sessions.call("c", pid, Agent::default(), true, at_minute(1));
        assert_eq!(call(7).unwrap().action, "start");
        assert!(call(8).is_none());
        let turn = Turn {
            tool_calls: 2,
            usage: Some(Usage {
                total_tokens: Some(30),
                ..Usage::default()
            }),
        };
        sessions.answer("c", turn, at_minute(2));
        assert!(sessions.exited(7, at_minute(3)).is_empty());
        let ended = sessions.exited(8, at_minute(4));
        let stats = ended[0].session.stats.as_ref().unwrap();
        assert_eq!(ended[0].session.duration_ms, Some(180_000));
        assert_eq!(
            (stats.llm_calls, stats.tool_calls, stats.tokens_used),
            (2, 2, Some(30))
        );
        assert_eq!(stats.estimated_cost_usd, None);
    }

    #[test]
    fn a_plain_call_makes_no_session_and_a_long_silence_ends_one() {
        let mut sessions = Sessions::default();
        assert!(
            sessions
                .call("plain", 7, Agent::default(), false, at_minute(0))
                .is_none()
        );
        sessions.call("c", 7, Agent::default(), true, at_minute(0));
        assert!(sessions.expired(at_minute(30)).is_empty());
        let ended = sessions.expired(at_minute(31));
        assert_eq!(ended.len(), 1);
        assert_eq!(ended[0].at, at_minute(0));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut sessions = Sessions::default();
        for n in 0..(MAX_SESSIONS as u64 + 5) {
            sessions.call(&n.to_string(), 7, Agent::default(), true, at_minute(n));
        }
        assert_eq!(sessions.under_way.len(), MAX_SESSIONS);
    }
}
