//! The mix: how many visits of each activity there are, and how they are spread over the hour.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::{activities::ACTIVITIES, activity::VisitLoad, arrivals::LoadProfile};

/// A Monday between eight and nine: DOMAIN.md, section 8. The README has the derivation.
const MONDAY: &str = include_str!("monday.json");
/// The rates are for this number of active patients.
const MILLION: f64 = 1_000_000.0;

/// A mix, as its file has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadMix {
    /// By activity: the visits a second for a million active patients, after the burst.
    visits_per_second_per_million: BTreeMap<String, f64>,
    #[serde(default)]
    burst: Option<MixBurst>,
}

/// The burst at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MixBurst {
    seconds: f64,
    /// The rate during the burst, as a multiple of the rate afterwards.
    factor: f64,
}

/// The visits a second of each activity, in the order of `ACTIVITIES`.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitRates {
    pub per_second: Vec<f64>,
    pub profile: LoadProfile,
}

impl LoadMix {
    /// # Errors
    /// Never: a test reads it.
    pub fn monday() -> anyhow::Result<LoadMix> {
        LoadMix::parse(MONDAY)
    }

    /// # Errors
    /// If the text is not a mix, names an unknown activity, or has a rate that is none.
    pub fn parse(text: &str) -> anyhow::Result<LoadMix> {
        let mix: LoadMix = serde_json::from_str(text)?;
        let names = || ACTIVITIES.map(|activity| activity.name()).join(", ");
        for (name, rate) in &mix.visits_per_second_per_million {
            let known = ACTIVITIES.iter().any(|activity| activity.name() == name);
            ensure!(known, "there is no activity {name}: {}", names());
            ensure!(rate.is_finite() && *rate >= 0.0, "the rate of {name} is not 0 or more");
        }
        if let Some(burst) = mix.burst {
            ensure!(burst.seconds.is_finite() && burst.seconds >= 0.0, "the seconds of the burst are not 0 or more");
            ensure!(burst.factor.is_finite() && burst.factor > 0.0, "the factor of the burst is not greater than 0");
        }
        Ok(mix)
    }

    /// Only these activities, if there are any, in the proportions of the mix.
    ///
    /// # Errors
    /// If an activity is not in the mix.
    pub fn only(mut self, names: &[String]) -> anyhow::Result<LoadMix> {
        for name in names {
            self.visits_per_second_per_million.get(name).with_context(|| format!("the mix has no activity {name}"))?;
        }
        if !names.is_empty() {
            self.visits_per_second_per_million.retain(|name, _| names.contains(name));
        }
        Ok(self)
    }

    /// The rates for this many patients, if time passes `speed` times as fast.
    pub fn for_patients(&self, patients: u32, speed: f64) -> VisitRates {
        let scale = f64::from(patients) / MILLION * speed;
        let burst = |burst: MixBurst| LoadProfile {
            burst: Duration::from_secs_f64(burst.seconds / speed),
            factor: burst.factor,
        };
        VisitRates { per_second: self.scaled(scale), profile: self.burst.map_or(LoadProfile::FLAT, burst) }
    }

    /// The same proportions at this number of visits a second, without a burst.
    ///
    /// # Errors
    /// If all rates of the mix are 0.
    pub fn at_rate(&self, visits_per_second: f64) -> anyhow::Result<VisitRates> {
        let all: f64 = self.visits_per_second_per_million.values().sum();
        ensure!(all > 0.0, "all rates of the mix are 0");
        Ok(VisitRates { per_second: self.scaled(visits_per_second / all), profile: LoadProfile::FLAT })
    }

    fn scaled(&self, scale: f64) -> Vec<f64> {
        let rate = |name| self.visits_per_second_per_million.get(name).copied().unwrap_or_default();
        ACTIVITIES.iter().map(|activity| rate(activity.name()) * scale).collect()
    }
}

impl VisitRates {
    /// All visits a second, after the burst.
    pub fn total(&self) -> f64 {
        self.per_second.iter().sum()
    }

    /// The queries and commands a second of these visits, approximately.
    pub fn requests(&self) -> VisitLoad {
        let each = || ACTIVITIES.iter().zip(&self.per_second);
        VisitLoad {
            queries: each().map(|(activity, rate)| activity.load().queries * rate).sum(),
            commands: each().map(|(activity, rate)| activity.load().commands * rate).sum(),
        }
    }

    /// The visits of an activity to expect within a time.
    pub fn expected(&self, activity: usize, within: Duration) -> f64 {
        self.profile.expected(self.per_second[activity], within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_of_a_monday_is_the_load_to_plan_for() {
        let rates = LoadMix::monday().expect("a mix").for_patients(40_000_000, 1.0);
        let VisitLoad { queries, commands } = rates.requests();
        assert!((3_800.0..4_600.0).contains(&queries), "{queries}");
        assert!((170.0..240.0).contains(&commands), "{commands}");
        // 12,700 queries a second for five minutes.
        assert_eq!(rates.profile, LoadProfile { burst: Duration::from_secs(300), factor: 3.0 });
    }

    #[test]
    fn rates_scale_with_patients_speed_and_the_rate_that_is_asked_for() {
        let mix = LoadMix::parse(
            r#"{"visitsPerSecondPerMillion": {"looks": 3, "donors": 1}, "burst": {"seconds": 60, "factor": 2}}"#,
        );
        let mix = mix.expect("a mix");
        let rates = mix.for_patients(500_000, 10.0);
        assert_eq!((rates.total(), rates.profile.burst), (20.0, Duration::from_secs(6)));
        assert_eq!(rates.expected(0, Duration::from_secs(10)), 15.0 * 16.0);
        let flat = mix.at_rate(8.0).expect("a rate");
        assert_eq!((flat.per_second[0], flat.total(), flat.profile), (6.0, 8.0, LoadProfile::FLAT));
        let donors = mix.clone().only(&["donors".to_owned()]).expect("it is there").at_rate(8.0).expect("a rate");
        assert_eq!((donors.per_second[0], donors.total()), (0.0, 8.0));
        assert!(mix.only(&["desks".to_owned()]).is_err());
    }

    #[test]
    fn a_mix_with_a_fault_is_refused() {
        for wrong in [
            "{}",
            r#"{"visitsPerSecondPerMillion": {"tea": 1}}"#,
            r#"{"visitsPerSecondPerMillion": {"looks": -1}}"#,
            r#"{"visitsPerSecondPerMillion": {}, "burst": {"seconds": 1, "factor": 0}}"#,
        ] {
            assert!(LoadMix::parse(wrong).is_err(), "{wrong}");
        }
    }
}
