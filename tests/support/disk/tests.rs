//! The disk as programs see it: what it keeps, forgets and refuses.

use std::fs::{self, File};
use std::io::Write as _;

use anyhow::Result;

use super::{Disk, Fault, Tails};
use crate::Scratch;

#[test]
fn a_cut_forgets_what_was_not_synced_and_names_whose_folder_was_not() -> Result<()> {
    if !Disk::possible() {
        println!("skipped: no file system can be mounted here");
        return Ok(());
    }
    let scratch = Scratch::new()?;
    let at = scratch.path().join("disk");
    let disk = Disk::mount(&at)?;
    let sync = |path| File::open(path)?.sync_all();
    fs::create_dir(at.join("folder"))?;
    sync(at.clone())?;
    let kept = at.join("folder/kept");
    fs::write(&kept, "synced")?;
    sync(kept.clone())?;
    sync(at.join("folder"))?;
    File::options().append(true).open(&kept)?.write_all(b" and not")?;
    assert_eq!(fs::read_to_string(&kept)?, "synced and not");
    fs::rename(&kept, at.join("folder/renamed"))?;
    fs::write(at.join("folder/new"), "synced, but its name is not")?;
    sync(at.join("folder/new"))?;
    disk.cut(Tails::Lost);
    let names = |folder: &str| -> Result<Vec<_>> {
        Ok(fs::read_dir(at.join(folder))?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?)
    };
    assert_eq!(names("folder")?, ["kept"]);
    assert_eq!(fs::read_to_string(&kept)?, "synced");

    disk.sync_is_a_lie(true);
    fs::write(&kept, "longer than before")?;
    sync(kept.clone())?;
    disk.cut(Tails::Lost);
    assert_eq!(fs::read_to_string(&kept)?, "synced", "the lie is found out");
    Ok(())
}

#[test]
fn a_disk_fails_as_disks_fail() -> Result<()> {
    if !Disk::possible() {
        println!("skipped: no file system can be mounted here");
        return Ok(());
    }
    let scratch = Scratch::new()?;
    let at = scratch.path().join("disk");
    let disk = Disk::mount(&at)?;
    let mut file = File::create(at.join("file"))?;
    let code = |result: std::io::Result<()>| result.err().and_then(|error| error.raw_os_error());
    disk.fail(Fault::Full(10));
    assert_eq!(code(file.write_all(b"0123456789abc")), Some(28), "some of it fits");
    assert_eq!(fs::read(at.join("file"))?, b"0123456789");
    disk.fail(Fault::WriteError);
    assert_eq!(code(file.write_all(b"x")), Some(5));
    disk.fail(Fault::SyncError);
    assert_eq!((code(file.write_all(b"x")), code(file.sync_data())), (None, Some(5)));
    disk.fail(Fault::ReadOnly);
    assert_eq!(code(file.write_all(b"x")), Some(30));
    assert_eq!(code(File::create(at.join("other")).map(drop)), Some(30));
    disk.fail(Fault::None);
    file.write_all(b"y")?;
    file.sync_all()?;
    assert!(disk.first_refusal().is_some() && disk.counts().refused == 5, "{:?}", disk.counts());
    Ok(())
}
