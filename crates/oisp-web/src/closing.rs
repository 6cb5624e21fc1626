//! The word that the server stops.

use tokio::sync::watch;

/// Tells the feeds that the server stops. Clones hear the same word.
#[derive(Clone, Debug)]
pub(crate) struct Closing(watch::Receiver<bool>);

impl Closing {
    /// The word, and what says it.
    pub(crate) fn channel() -> (watch::Sender<bool>, Self) {
        let (close, closing) = watch::channel(false);
        (close, Self(closing))
    }

    /// A word that nobody will say.
    pub(crate) fn never() -> Self {
        Self::channel().1
    }

    /// Waits for the word.
    pub(crate) async fn said(mut self) {
        if self.0.wait_for(|said| *said).await.is_err() {
            // Whoever could say it has gone without.
            std::future::pending::<()>().await;
        }
    }
}
