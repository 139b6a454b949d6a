//! The files that services read besides the logs: at the start, again when one has changed, and on SIGHUP.

use std::path::PathBuf;

use query_engine::ServiceValues;
use tokio_util::sync::CancellationToken;

use crate::{Application, Misconfigured, ServiceFile, options::Serve, reread};

/// The file of each service that has one here.
pub struct ServiceFiles {
    files: Vec<(&'static ServiceFile, PathBuf)>,
    values: ServiceValues,
}

impl ServiceFiles {
    /// The files from the configuration, and those of the demonstration for services that are not configured; all are read.
    ///
    /// # Errors
    /// `Misconfigured` if the application has no service file of a name, a name is given twice, or a file cannot be used.
    pub fn read(application: &'static Application, options: &Serve) -> anyhow::Result<ServiceFiles> {
        let mut given = options.service_files.clone();
        let mut files = Vec::new();
        for known in application.service_files {
            let place = given.iter().position(|file| file.name == known.name).map(|at| given.remove(at).path);
            match place {
                Some(place) => files.push((known, place)),
                None if options.demo => files.push((known, (known.demonstration)(&options.data)?)),
                None => {}
            }
        }
        if let Some(left) = given.first() {
            let names: Vec<&str> = application.service_files.iter().map(|known| known.name).collect();
            let wrong =
                format!("--service-file {}: it is given once, and its names are: {}", left.name, names.join(", "));
            return Err(Misconfigured(wrong).into());
        }
        let files = ServiceFiles { files, values: ServiceValues::default() };
        files.again()?;
        Ok(files)
    }

    pub fn values(&self) -> ServiceValues {
        self.values.clone()
    }

    fn again(&self) -> anyhow::Result<()> {
        for (known, place) in &self.files {
            (known.read)(place, &self.values).map_err(|error| {
                Misconfigured(format!("--service-file {}={}: {error:#}", known.name, place.display()))
            })?;
        }
        Ok(())
    }

    /// Reads the files again when one has changed, and on SIGHUP. If one cannot be used, its current values are kept.
    ///
    /// # Errors
    /// If no signal handler can be installed.
    pub async fn renew(self, stop: CancellationToken) -> anyhow::Result<()> {
        let places = self.files.iter().map(|(_, place)| place.clone()).collect();
        reread::whenever_changed(places, "the services' files", || self.again(), stop).await
    }
}
