//! `POST /v1/audio/speech`: bytes in place of sound, as long as the text.

use bytes::Bytes;
use serde_json::Value;

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::turns::{Speaker, Turn, field, model};

/// The bytes that an MP3 of these servers begins with: a tag without content,
/// and the first frame's sync word.
const HEAD: &[u8] = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xf3\xe4\xc4";

pub(super) fn read(body: &Value) -> Result<(Call, String), String> {
    let text = field(body, "input").unwrap_or_default().to_owned();
    let format = field(body, "response_format").unwrap_or("mp3");
    let kind = match format {
        "mp3" => "audio/mpeg".to_owned(),
        other => format!("audio/{other}"),
    };
    let call = Call::of_turns(model(body)?, &[Turn::new(Speaker::User, text)], false)?;
    Ok((call, kind))
}

pub(super) fn write(call: &Call, meant: Meant, kind: &str) -> Reply {
    let mut sound = HEAD.to_vec();
    // Every byte value, so that nothing on the way can take it for text.
    for text in &meant.texts {
        sound.extend(
            text.bytes()
                .zip((0..=255).cycle())
                .map(|(byte, nth): (u8, u8)| byte ^ nth),
        );
    }
    let meant = Meant {
        model: call.model.clone(),
        ..Meant::default()
    };
    Reply::bytes(Dialect::Speech, kind, Bytes::from(sound)).meaning(meant)
}
