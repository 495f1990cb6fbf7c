//! Folders as a whole: listed with their contents, copied.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use keystore::store::{Kind, Status};

use super::image::Image;

/// The permission bits of a path.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Everything below a folder: mode and contents by path. The lock files are left out: they belong to whoever
/// asked last.
pub(crate) fn listing(root: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    visit(root, &mut |path| {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let contents = match fs::symlink_metadata(path).unwrap().file_type() {
            kind if kind.is_symlink() => fs::read_link(path).unwrap().into_os_string().into_encoded_bytes(),
            kind if kind.is_file() => fs::read(path).unwrap(),
            _ => Vec::new(),
        };
        if name != "lock" && name != "publish.lock" {
            found.insert(name, (mode(path), contents));
        }
    });
    found
}

/// The same of a file system in memory.
pub(crate) fn memory_listing(image: &Image) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    visit_memory(image, Path::new(""), &mut |path, status| {
        let contents = match status.kind {
            Kind::Link => image.read_link(path).unwrap().into_bytes(),
            Kind::File => image.read(path).unwrap(),
            _ => Vec::new(),
        };
        let name = path.to_str().unwrap().to_owned();
        if name != "lock" && name != "publish.lock" {
            found.insert(name, (status.mode, contents));
        }
    });
    found
}

/// Writes a file system in memory into an empty folder.
pub(crate) fn write_out(image: &Image, to: &Path) {
    visit_memory(image, Path::new(""), &mut |path, status| {
        let copy = to.join(path);
        match status.kind {
            Kind::Link => return symlink(image.read_link(path).unwrap(), &copy).unwrap(),
            Kind::File => fs::write(&copy, image.read(path).unwrap()).unwrap(),
            _ => fs::create_dir(&copy).unwrap(),
        }
        fs::set_permissions(&copy, fs::Permissions::from_mode(status.mode)).unwrap();
    });
}

/// Reads a folder into a file system in memory, where it is durable.
pub(crate) fn read_in(from: &Path) -> Image {
    let mut image = Image::new();
    visit(from, &mut |path| {
        let copy = path.strip_prefix(from).unwrap();
        match fs::symlink_metadata(path).unwrap().file_type() {
            kind if kind.is_symlink() => image.symlink(fs::read_link(path).unwrap().to_str().unwrap(), copy).unwrap(),
            kind if kind.is_file() => _ = image.create_file(copy, &fs::read(path).unwrap(), mode(path)).unwrap(),
            _ => image.create_folder(copy, mode(path)).unwrap(),
        }
    });
    image.set_mode(Path::new(""), mode(from)).unwrap();
    image.sync_everything();
    image
}

/// Every path below a folder, each before what is in it.
fn visit_memory(image: &Image, folder: &Path, act: &mut impl FnMut(&Path, Status)) {
    for name in image.list(folder).unwrap() {
        let path = folder.join(name);
        let status = image.status(&path).unwrap();
        act(&path, status);
        if status.kind == Kind::Folder {
            visit_memory(image, &path, act);
        }
    }
}

/// Copies a folder whole: modes, symbolic links and all.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    visit(from, &mut |path| {
        let copy = to.join(path.strip_prefix(from).unwrap());
        match fs::symlink_metadata(path).unwrap().file_type() {
            kind if kind.is_symlink() => symlink(fs::read_link(path).unwrap(), &copy).unwrap(),
            kind if kind.is_file() => _ = fs::copy(path, &copy).unwrap(),
            _ => {
                fs::create_dir(&copy).unwrap();
                fs::set_permissions(&copy, fs::Permissions::from_mode(mode(path))).unwrap();
            }
        }
    });
    fs::set_permissions(to, fs::Permissions::from_mode(mode(from))).unwrap();
}

/// Every path below a folder, each before what is in it.
fn visit(folder: &Path, act: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        act(&path);
        if path.is_dir() && !path.is_symlink() {
            visit(&path, act);
        }
    }
}
