//! Eligibility on one day: the dose that a person can have then, or the obstacle.

use std::cmp::Ordering;

use event_core::{LocalDate, OrganisationCode};

use crate::{
    age::AgeLimit,
    document::{Campaign, CampaignGroup, ContraindicationEffect, ScheduledDose},
    facts::{GivenDose, PersonFacts},
    obstacle::Obstacle,
    programme::Programme,
    vaccine::Vaccine,
};

/// The person, the programme and the site of a question about days.
#[derive(Clone, Copy)]
pub(crate) struct DayQuestion<'a> {
    pub programme: &'a Programme,
    pub facts: &'a PersonFacts,
    pub site: Option<&'a OrganisationCode>,
}

/// A dose that a person can have on a day.
pub(crate) struct OfferedDose<'a> {
    pub dose: u8,
    pub vaccines: Vec<&'a Vaccine>,
    pub campaign: &'a Campaign,
}

/// An obstacle on a day, and the day on which it is over, if time alone ends it.
pub(crate) struct Blocked {
    pub obstacle: Obstacle,
    pub until: Option<LocalDate>,
}

impl Blocked {
    fn by(obstacle: Obstacle) -> Blocked {
        Blocked { obstacle, until: None }
    }

    fn until(day: LocalDate, obstacle: Obstacle) -> Blocked {
        Blocked { obstacle, until: Some(day) }
    }
}

/// The order of the obstacles of campaigns: the campaign that comes closest to the person gives the reason.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Over,
    OtherGroup,
    Later,
    Had,
    OtherSite,
}

impl<'a> DayQuestion<'a> {
    /// The dose of a day, from the first campaign of the document that offers it.
    pub(crate) fn offer(&self, on: LocalDate) -> Result<OfferedDose<'a>, Blocked> {
        let (dose, vaccines) = self.next_dose(on)?;
        let campaign = self.closest_campaign(dose, on)?;
        Ok(OfferedDose { dose, vaccines, campaign })
    }

    /// The first campaign that offers a dose on a day, or the obstacle of the campaign that comes closest to it.
    pub(crate) fn closest_campaign(&self, dose: u8, on: LocalDate) -> Result<&'a Campaign, Blocked> {
        let mut closest: Option<(Closeness, Blocked)> = None;
        for campaign in self.programme.document().campaigns.iter().filter(|campaign| campaign.doses.contains(&dose)) {
            match self.at_campaign(campaign, dose, on) {
                Ok(()) => return Ok(campaign),
                Err(found) if closest.as_ref().is_none_or(|known| is_closer(&found, known)) => closest = Some(found),
                Err(_) => {}
            }
        }
        Err(closest.map_or_else(|| Blocked::by(Obstacle::NotOffered { dose }), |(_, blocked)| blocked))
    }

    /// The next dose and the vaccines that fit, without regard to campaigns.
    pub(crate) fn next_dose(&self, on: LocalDate) -> Result<(u8, Vec<&'a Vaccine>), Blocked> {
        self.lasting_contraindications()?;
        let given = self.programme.counted(self.facts, on).map(|dose| dose.number).max().unwrap_or(0);
        let dose = given.saturating_add(1);
        let Some(scheduled) = self.programme.scheduled(dose) else {
            let later = self.programme.document().seasons.iter().map(|season| season.from).filter(|from| *from > on);
            return Err(Blocked { obstacle: Obstacle::CourseComplete { doses: given }, until: later.min() });
        };
        self.is_old_enough(scheduled, on)?;
        let vaccines = self.vaccines_for(scheduled, on)?;
        if let Some(last) = self.last_dose() {
            let (days, first) = (scheduled.days_min(), last.on.plus_days(i64::from(scheduled.days_min())));
            if on < first {
                return Err(Blocked::until(first, Obstacle::TooSoon { days, since: last.on }));
            }
        }
        self.deferrals(on)?;
        Ok((dose, vaccines))
    }

    /// The last dose of the programme, in any season.
    pub(crate) fn last_dose(&self) -> Option<&'a GivenDose> {
        self.programme.own(self.facts).max_by_key(|dose| (dose.on, dose.number))
    }

    /// The day on which a declared contraindication ends, if it is known.
    pub(crate) fn deferred_until(&self) -> impl Iterator<Item = (&'a str, LocalDate)> {
        let programme = self.programme;
        self.facts.contraindications.iter().filter_map(move |declared| {
            match &programme.contraindication(&declared.id)?.effect {
                ContraindicationEffect::Excludes { .. } => None,
                ContraindicationEffect::Defers { days, .. } => {
                    Some((declared.id.as_str(), declared.on?.plus_days(i64::from(*days))))
                }
            }
        })
    }

    pub(crate) fn lasting_contraindications(&self) -> Result<(), Blocked> {
        for declared in &self.facts.contraindications {
            let contraindication = declared.id.clone();
            match self.programme.contraindication(&declared.id).map(|known| &known.effect) {
                None => return Err(Blocked::by(Obstacle::UnknownContraindication { contraindication })),
                Some(ContraindicationEffect::Excludes { .. }) => {
                    return Err(Blocked::by(Obstacle::Contraindicated { contraindication }));
                }
                Some(ContraindicationEffect::Defers { .. }) if declared.on.is_none() => {
                    return Err(Blocked::by(Obstacle::DeferredWithoutDay { contraindication }));
                }
                Some(ContraindicationEffect::Defers { .. }) => {}
            }
        }
        Ok(())
    }

    /// The deferral that lasts longest.
    pub(crate) fn deferrals(&self, on: LocalDate) -> Result<(), Blocked> {
        match self.deferred_until().max_by_key(|(_, until)| *until) {
            Some((id, until)) if on < until => {
                Err(Blocked::until(until, Obstacle::Deferred { contraindication: id.to_owned(), until }))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_old_enough(&self, scheduled: &ScheduledDose, on: LocalDate) -> Result<(), Blocked> {
        let reached = scheduled.minimum_age.reached_on(self.facts.born);
        if on >= reached {
            return Ok(());
        }
        Err(Blocked::until(reached, Obstacle::TooYoung { at_least: scheduled.minimum_age }))
    }

    /// The vaccines of a dose for the person's age and the last vaccine, at least one.
    fn vaccines_for(&self, scheduled: &ScheduledDose, on: LocalDate) -> Result<Vec<&'a Vaccine>, Blocked> {
        let born = self.facts.born;
        let listed = || scheduled.vaccines.iter().filter_map(|id| self.programme.vaccine(id));
        let mut fit: Vec<&Vaccine> = listed().filter(|vaccine| vaccine.ages.contains(born, on)).collect();
        if fit.is_empty() {
            let later = listed().filter_map(|vaccine| vaccine.ages.at_least);
            let later = later.map(|age| (age.reached_on(born), age)).filter(|(day, _)| *day > on);
            if let Some((day, at_least)) = later.min_by_key(|(day, _)| *day) {
                return Err(Blocked::until(day, Obstacle::TooYoung { at_least }));
            }
            let end = listed().filter_map(|vaccine| vaccine.ages.less_than).max_by_key(|age| age.months());
            let less_than = end.unwrap_or(scheduled.minimum_age);
            return Err(Blocked::by(Obstacle::TooOld { less_than }));
        }
        // If the last vaccine cannot be used for this dose, such as the one for younger children, mixing is not asked.
        let last = self.last_dose().and_then(|last| fit.iter().copied().find(|vaccine| vaccine.id == last.vaccine));
        if let Some(last) = last {
            fit.retain(|vaccine| vaccine.id == last.id || vaccine.may_be_mixed && last.may_be_mixed);
        }
        Ok(fit)
    }

    /// Does this campaign offer the dose to the person on this day?
    pub(crate) fn obstacle_at(&self, campaign: &Campaign, dose: u8, on: LocalDate) -> Option<Obstacle> {
        self.at_campaign(campaign, dose, on).err().map(|(_, blocked)| blocked.obstacle)
    }

    fn at_campaign(&self, campaign: &Campaign, dose: u8, on: LocalDate) -> Result<(), (Closeness, Blocked)> {
        let id = || campaign.id.clone();
        if on > campaign.until {
            let over = Obstacle::CampaignOver { campaign: id(), until: campaign.until };
            return Err((Closeness::Over, Blocked::by(over)));
        }
        if !campaign.who.iter().any(|group| self.is_in(group, on)) {
            let ages = campaign.who.iter().filter_map(|group| self.comes_of_age(group, on));
            return Err(match ages.min_by_key(|(day, _)| *day).filter(|(day, _)| *day <= campaign.until) {
                Some((day, at_least)) => {
                    let young = Obstacle::NotOfAgeYet { campaign: id(), at_least };
                    (Closeness::Later, Blocked::until(day, young))
                }
                None => (Closeness::OtherGroup, Blocked::by(Obstacle::NotInGroup { dose })),
            });
        }
        if on < campaign.from {
            let later = Obstacle::CampaignNotBegun { campaign: id(), from: campaign.from };
            return Err((Closeness::Later, Blocked::until(campaign.from, later)));
        }
        if let Some(given) = self.had_in(campaign) {
            let had = Obstacle::HadInCampaign { campaign: id(), on: given.on };
            return Err((Closeness::Had, Blocked::by(had)));
        }
        match self.site.filter(|site| !campaign.is_at(site)) {
            Some(site) => {
                let elsewhere = Obstacle::NotAtSite { campaign: id(), site: site.clone() };
                Err((Closeness::OtherSite, Blocked::by(elsewhere)))
            }
            None => Ok(()),
        }
    }

    /// A dose of the person in any phase of a campaign that has one dose for each person.
    fn had_in(&self, campaign: &Campaign) -> Option<&'a GivenDose> {
        let phases = || self.programme.document().campaigns.iter().filter(|phase| phase.id == campaign.id);
        let mut own = self.programme.own(self.facts);
        own.find(|dose| {
            campaign.once && phases().any(|phase| phase.is_open(dose.on) && phase.doses.contains(&dose.number))
        })
    }

    fn is_of_cohort(&self, group: &CampaignGroup) -> bool {
        group.cohort.as_ref().is_none_or(|cohort| self.facts.cohorts.contains(cohort))
    }

    fn is_in(&self, group: &CampaignGroup, on: LocalDate) -> bool {
        let on = group.ages_on.unwrap_or(on);
        self.is_of_cohort(group) && group.ages.is_none_or(|ages| ages.contains(self.facts.born, on))
    }

    /// The day from which the person's age is that of the group, if it is later.
    fn comes_of_age(&self, group: &CampaignGroup, on: LocalDate) -> Option<(LocalDate, AgeLimit)> {
        let age = group.ages.and_then(|ages| ages.at_least).filter(|_| group.ages_on.is_none());
        let reached = age.map(|age| (age.reached_on(self.facts.born), age))?;
        (self.is_of_cohort(group) && reached.0 > on).then_some(reached)
    }
}

/// Is an obstacle closer to an offer than the one that is known? Of equals it is the one that ends first, and of campaigns that
/// are over the last.
fn is_closer((closeness, blocked): &(Closeness, Blocked), (known, other): &(Closeness, Blocked)) -> bool {
    match closeness.cmp(known) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal if *closeness == Closeness::Over => true,
        Ordering::Equal => blocked.until.is_some_and(|day| other.until.is_none_or(|other| day < other)),
    }
}
