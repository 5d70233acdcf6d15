//! Snapshots of what every command says about itself: a change of the command line shows up in review.

use clap::{Command, CommandFactory};

use crate::args::Cli;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_teaches() {
    walk(Cli::command().term_width(100), &mut |path, command| {
        let (about, long) = (command.get_about().map(ToString::to_string), command.get_long_about());
        assert!(
            about.is_some() && long.map(ToString::to_string) != about,
            "{path}: a sentence and a longer description"
        );
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(after.contains(&path), "{path}: an example");
    });
}

#[test]
fn help() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        walk(Cli::command().term_width(100), &mut |path, command| {
            let help = command.clone().render_long_help().to_string();
            insta::assert_snapshot!(path.replace(' ', "-"), help);
        });
    });
}

/// Calls `see` with each command and its full name, `weir flow push`.
fn walk(mut root: Command, see: &mut dyn FnMut(String, &mut Command)) {
    root.build();
    let mut todo = vec![("weir".to_owned(), root)];
    while let Some((path, mut command)) = todo.pop() {
        // What is hidden is no part of the interface.
        let shown = |below: &&Command| below.get_name() != "help" && !below.is_hide_set();
        let below = command.get_subcommands().filter(shown);
        todo.extend(below.map(|below| (format!("{path} {}", below.get_name()), below.clone())));
        see(path, &mut command);
    }
}
