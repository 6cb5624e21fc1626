//! The key of credential hashes: random, made once per installation.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use oisp_decode::HashKey;

use crate::platform;

/// Reads the installation's key, or makes it. Where it cannot be kept, a key
/// for this run only is used, and a warning says so.
pub fn load() -> HashKey {
    let kept = platform::state_dir().map(|dir| load_from(&dir));
    match kept {
        Some(Ok(key)) => HashKey::new(key),
        Some(Err(error)) => {
            tracing::info!(%error, "hash key cannot be kept; credential hashes hold for this run only");
            HashKey::new(random())
        }
        None => HashKey::new(random()),
    }
}

fn load_from(dir: &Path) -> io::Result<[u8; 32]> {
    let path = dir.join("hash-key");
    match fs::read(&path) {
        Ok(bytes) => <[u8; 32]>::try_from(bytes)
            .map_err(|_| io::Error::other(format!("{} is damaged", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(dir, &path),
        Err(error) => Err(error),
    }
}

fn make(dir: &Path, path: &Path) -> io::Result<[u8; 32]> {
    platform::private_dir(dir)?;
    let key = random();
    // Renamed into place, so that a sensor that starts at the same moment reads
    // a whole key.
    let draft = dir.join(format!("hash-key.{}", std::process::id()));
    let mut file = platform::private_file(&draft)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    Ok(key)
}

fn random() -> [u8; 32] {
    let mut key = [0; 32];
    if let Err(error) = getrandom::fill(&mut key) {
        // Without randomness the hash would be one that anybody can compute.
        tracing::warn!(%error, "no random numbers; credential hashes are not secret");
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let key = load_from(dir.path()).unwrap();
        assert_eq!(load_from(dir.path()).unwrap(), key);
        assert_ne!(key, [0; 32]);
    }

    #[test]
    fn a_damaged_key_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("hash-key"), "short").unwrap();
        assert!(load_from(dir.path()).is_err());
    }
}
