//! The actions on files and folders that error messages name.

use std::fmt;

/// An action that failed on a file or folder, completing "cannot …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Copying it to a backup.
    BackUp,
    /// Writing a backup of another file to it.
    BackUpTo,
    /// Creating a folder.
    CreateFolder,
    /// Locking a folder against other processes.
    Lock,
    /// Packing files into an archive.
    Pack,
    /// Reading it.
    Read,
    /// Removing it.
    Remove,
    /// Using it as a folder.
    UseAsFolder,
    /// Writing it.
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
