//! Packs diagnostics into a support bundle.

use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Returns a gzip-compressed tar archive of the files, which unpacks into one folder.
pub fn pack(folder: &str, moment: SystemTime, files: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let seconds = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(content.len() as u64);
        header.set_mtime(seconds);
        archive.append_data(&mut header, format!("{folder}/{name}"), content.as_bytes())?;
    }
    archive.into_inner()?.finish()
}
