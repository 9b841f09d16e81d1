//! `--format ndjson`: flat records, one a line.

use std::io;

use crate::apply::calendar;
use crate::render::finding::{Finding, Period};
use crate::render::json::json_line;
use crate::render::report::{NotFired, Report, Verdict};

use super::Run;
use super::record::{
    Body, Ended, FleetRecord, Head, Record, RuleRecord, RunRecord, Setting, SettingRecord,
    SummaryRecord, UnreadableRecord,
};

/// Writes the records of a run: how it looked, each rule, what the profile wants, each of these settings, and the
/// counts.
pub fn ndjson_with(
    report: &Report,
    run: &Run,
    settings: Vec<SettingRecord>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let of = Head::of(report, run);
    let rules = (report.findings.len() + report.not_fired.len()) as u64;
    let mut line = |body| {
        let of = of.clone();
        json_line(&Record { of, body }, out)
    };
    line(Body::Run(RunRecord {
        window_seconds: report.window.seconds,
        window_since: report.window.since,
        window_remembered_seconds: report.window.remembered_seconds,
        uptime_seconds: report.host.uptime_seconds,
        rules,
        notes: report.notes.join("\n"),
        snapshot: run.snapshot.clone(),
        taken_at: report.host.taken_at_seconds.map(calendar::moment),
    }))?;
    for finding in &report.findings {
        line(Body::Rule(Box::new(fired(finding))))?;
    }
    for rule in &report.not_fired {
        line(Body::Rule(Box::new(not_fired(rule))))?;
    }
    for change in &report.wanted {
        line(Body::Wanted(change.into()))?;
    }
    let wanted = report.wanted.len() as u64;
    let read = settings.len() as u64;
    for setting in settings {
        line(Body::Setting(setting))?;
    }
    let summary = SummaryRecord {
        counts: report.summary,
        rules,
        wanted,
        records: rules + wanted + read + 2,
        cut_short: run.cut_short,
    };
    line(Body::Summary(summary))
}

/// Writes the record of a snapshot that could not be judged.
pub fn ndjson_unreadable(
    snapshot: UnreadableRecord,
    run: &Run,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let (of, body) = (Head::of_none(run), Body::Unreadable(snapshot));
    json_line(&Record { of, body }, out)
}

/// Writes the record that ends the records of many snapshots.
pub fn ndjson_fleet(fleet: FleetRecord, run: &Run, out: &mut impl io::Write) -> io::Result<()> {
    let (of, body) = (Head::of_none(run), Body::Fleet(fleet));
    json_line(&Record { of, body }, out)
}

fn fired(finding: &Finding) -> RuleRecord {
    let setting = match (finding.changes.first(), finding.instances.first()) {
        (Some(change), _) => change.into(),
        (None, Some(one)) => Setting {
            key: Some(one.key.clone()),
            set_by_file: one.file.clone(),
            set_by_line: one.line,
            ..Setting::default()
        },
        (None, None) => Setting::default(),
    };
    let waiver = finding.waived.as_ref();
    RuleRecord {
        rule: finding.rule.clone(),
        title: Some(finding.title.clone()),
        mechanism: Some(finding.mechanism.clone()),
        severity: Some(finding.severity),
        maturity: Some(finding.maturity),
        result: match (&finding.waived, finding.period) {
            (Some(_), _) => Ended::Waived,
            (None, Period::Now) => Ended::Fires,
            (None, Period::Past) => Ended::Past,
        },
        message: Some(finding.message.clone()),
        waived_reason: waiver.map(|one| one.reason.clone()),
        waived_until: waiver.and_then(|one| one.until.clone()),
        waived_owner: waiver.and_then(|one| one.owner.clone()),
        changes: finding.changes.len() as u64,
        others: finding.others,
        setting,
    }
}

fn not_fired(rule: &NotFired) -> RuleRecord {
    RuleRecord {
        rule: rule.rule.clone(),
        title: None,
        mechanism: rule.mechanism.clone(),
        severity: rule.severity,
        maturity: None,
        result: match rule.verdict {
            Verdict::Holds => Ended::Holds,
            Verdict::Unknown => Ended::Unknown,
            Verdict::NotApplicable => Ended::NotApplicable,
        },
        message: rule.reason.clone(),
        waived_reason: None,
        waived_until: None,
        waived_owner: None,
        changes: 0,
        others: 0,
        setting: Setting::default(),
    }
}
