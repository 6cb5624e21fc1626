//! What is told to who looks on, and not kept.

use std::sync::Arc;

use oisp_core::SafeEvent;
use tokio::sync::broadcast;

/// Takes what is told in passing.
#[derive(Debug)]
pub struct Onlooker(pub(crate) broadcast::Receiver<Arc<SafeEvent>>);

impl Onlooker {
    /// The next event that is told; what came too fast is left out.
    pub async fn next(&mut self) -> Arc<SafeEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return event,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                // The log holds the sender: nothing is told any more.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
