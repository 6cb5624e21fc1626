//! Reads bodies of multipart/form-data (RFC 7578), as small as the provider
//! needs it: the fields, files too, by their names.

/// A field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) name: String,
    pub(crate) value: &'a [u8],
}

/// The fields of a body with that content type, or what is wrong with it.
pub(crate) fn fields<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Field<'a>>, String> {
    let boundary = content_type
        .split_once("boundary=")
        .map(|(_, boundary)| {
            boundary
                .split(';')
                .next()
                .unwrap_or_default()
                .trim_matches('"')
        })
        .ok_or("the content type names no boundary")?;
    let line = format!("--{boundary}");
    let mut fields = Vec::new();
    let mut rest = after(body, line.as_bytes()).ok_or("the form does not begin")?;
    let line = format!("\r\n--{boundary}");
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, line.as_bytes()).ok_or("the form ends early")?;
        let (part, next) = part.split_at(end);
        fields.extend(field(part));
        rest = next.get(line.len()..).unwrap_or_default();
    }
    Ok(fields)
}

/// The text of the field of that name.
pub(crate) fn text(fields: &[Field<'_>], name: &str) -> Option<String> {
    let field = fields.iter().find(|field| field.name == name)?;
    Some(String::from_utf8_lossy(field.value).into_owned())
}

fn field(part: &[u8]) -> Option<Field<'_>> {
    let split = find(part, b"\r\n\r\n")?;
    let (head, value) = part.split_at(split);
    let head = String::from_utf8_lossy(head);
    let (_, name) = head.split_once("name=\"")?;
    let (name, _) = name.split_once('"')?;
    Some(Field {
        name: name.to_owned(),
        value: value.get(4..)?,
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn after<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    bytes.get(find(bytes, wanted)? + wanted.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_are_found_by_name() {
        let body = b"--b0\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
            --b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n\x00\r\n\xff\r\n--b0--\r\n";
        let fields = fields("multipart/form-data; boundary=b0", body).unwrap();
        assert_eq!(text(&fields, "model").as_deref(), Some("whisper-1"));
        assert_eq!(fields[1].value, b"\x00\r\n\xff");
        assert_eq!(fields.len(), 2);
        assert_eq!(text(&fields, "prompt"), None);
    }

    #[test]
    fn what_is_no_form_is_told() {
        assert!(fields("multipart/form-data", b"").is_err());
        assert!(fields("multipart/form-data; boundary=b0", b"x").is_err());
        assert!(
            fields(
                "multipart/form-data; boundary=b0",
                b"--b0\r\nname=\"x\"\r\n\r\ny"
            )
            .is_err()
        );
    }
}
