//! What a file or folder was needed for.

use std::fmt;

/// What could not be done with a file or folder, fit for "cannot …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Copying it to a backup.
    BackUp,
    /// Making a backup of another file.
    BackUpTo,
    /// Making a folder.
    CreateFolder,
    /// Locking a folder against other processes.
    Lock,
    /// Packing files into an archive.
    Pack,
    /// Reading.
    Read,
    /// Removing.
    Remove,
    /// Using what should be a folder.
    UseAsFolder,
    /// Writing.
    Write,
    /// Writing the data of a stack into a backup.
    WriteBackup,
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BackUp => "back up",
            Self::BackUpTo => "back up to",
            Self::CreateFolder => "create folder",
            Self::Lock => "lock",
            Self::Pack => "pack",
            Self::Read => "read",
            Self::Remove => "remove",
            Self::UseAsFolder => "use as folder",
            Self::Write => "write",
            Self::WriteBackup => "write backup",
        })
    }
}
