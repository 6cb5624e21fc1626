//! The token that opens the dashboard: random, in a file that only its owner can
//! read, made once, so that a page that is open goes on after a restart.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use oisp_core::Secret;

use crate::failure::Failure;
use crate::platform;

/// Shorter ones could be guessed, longer ones are not ours.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=128;

/// Where the token of this user's sensors is.
pub fn path() -> Option<PathBuf> {
    Some(platform::state_dir()?.join("token"))
}

/// The token, made where there is none. Where it cannot be kept, it holds for
/// this run only.
pub fn load() -> Result<Secret<String>, Failure> {
    let kept = path().map(|path| load_from(&path));
    match kept {
        Some(Ok(token)) => return Ok(token),
        Some(Err(error)) => tracing::warn!(
            %error,
            "the dashboard's token cannot be kept; open pages need the new link after a restart"
        ),
        None => tracing::info!("no folder for the dashboard's token; it holds for this run"),
    }
    let no_random = |error| Failure::new(format_args!("cannot make a token: {error}"));
    random().map_err(no_random)
}

/// The token of a sensor that runs, for who may read it.
///
/// # Errors
/// When there is none, or it is another user's.
pub fn kept() -> io::Result<Secret<String>> {
    let path = path().ok_or_else(|| io::Error::other("no folder for it"))?;
    let (_, token) = read(&path)?;
    token.ok_or_else(|| io::Error::other("it is damaged"))
}

fn load_from(path: &Path) -> io::Result<Secret<String>> {
    match read(path) {
        Ok((true, Some(token))) => return Ok(token),
        // Others may have read it, or it is torn.
        Ok(_) => std::fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let token = random()?;
    let dir = path.parent().unwrap_or(Path::new("."));
    platform::private_dir(dir)?;
    // Whole or not at all, and readable by nobody else at any moment.
    let mut draft = tempfile::NamedTempFile::new_in(dir)?;
    draft.write_all(token.expose().as_bytes())?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Ok(_) => Ok(token),
        // A sensor that started at the same moment was first.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => read(path)?
            .1
            .ok_or_else(|| io::Error::other(format!("{} is damaged", path.display()))),
        Err(error) => Err(error.error),
    }
}

/// Whether only its owner can read it, and the token if it is one.
fn read(path: &Path) -> io::Result<(bool, Option<Secret<String>>)> {
    let file = File::open(path)?;
    let is_private = platform::is_private(&file)?;
    let mut text = String::new();
    let most = u64::try_from(*LENGTHS.end() + 2).unwrap_or(u64::MAX);
    if file.take(most).read_to_string(&mut text).is_err() {
        return Ok((is_private, None));
    }
    let token = text.trim_end();
    let is_token =
        LENGTHS.contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Ok((is_private, is_token.then(|| Secret::new(token.to_owned()))))
}

fn random() -> io::Result<Secret<String>> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let token = bytes.iter().fold(String::new(), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    });
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(path: &Path) -> String {
        load_from(path).unwrap().expose().clone()
    }

    #[test]
    fn the_token_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/token");
        let token = load(&path);
        assert_eq!(token.len(), 32);
        assert_eq!(load(&path), token);
        assert_eq!(
            std::fs::read_dir(dir.path().join("state")).unwrap().count(),
            1
        );
    }

    #[test]
    fn what_is_no_token_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let long = "a".repeat(129);
        for wrong in ["", "short", "with blanks and 32 characters ok", &long] {
            std::fs::write(&path, wrong).unwrap();
            assert_ne!(load(&path), wrong);
        }
        std::fs::write(&path, [0xff; 40]).unwrap();
        assert_eq!(load(&path).len(), 32);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_its_owner_only_and_one_that_others_could_read_is_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let token = load(&path);
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_ne!(load(&path), token);
        assert_eq!(mode(), 0o600);
    }
}
