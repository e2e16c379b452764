//! What is settled about a restore before it changes anything: roles, order, what a person should know.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::job::Job;
use super::options::Roles;
use super::plan::Plan;
use super::roles::Named;
use super::source::Content;
use super::target::Target;
use crate::backup::catalog::quoted;

/// What is settled about a restore.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    /// The owner of a database that is made for it, where the role may give it away.
    pub(super) database_owner: Option<String>,
    /// The version of the target's server.
    pub(super) server_version: String,
    /// What a person should know about it.
    pub(super) notices: Vec<String>,
    /// Whether all owners and grants can be restored.
    pub(super) with_roles: bool,
}

impl Prepared {
    /// Plans the restore to this target, on whose server `client` is connected, and checks the backup's
    /// files.
    pub(super) async fn read<C: Content>(
        job: &Job<'_, C>,
        client: &Client,
        target: &Target,
    ) -> Result<Prepared, RestoreError> {
        let (backup, options) = (job.backup, job.options);
        let named = Named::by(backup.entries, target.is_temporary);
        let usable = usable_roles(client, &named, options.roles).await?;
        let plan = Plan::new(
            backup.entries,
            backup.manifest,
            target.creators.as_ref(),
            |role| usable.contains(role),
        )?;
        let left_out: Vec<String> = named.all().difference(&usable).cloned().collect();
        let mut notices = plan.notices.clone();
        if !left_out.is_empty() {
            notices.push(format!(
                "owners and grants of these roles were left out: {}",
                left_out.join(", ")
            ));
        }
        let (origin, version) = (backup.manifest.server.version_number, target.version);
        let (origin, version) = (origin / 10_000, version / 10_000);
        if origin > version {
            notices.push(format!(
                "the backup is of PostgreSQL {origin}, which is newer than the target's {version}"
            ));
        }
        let checking = async {
            let checked = backup.content.check().await;
            checked.map_err(RestoreError::Damaged)
        };
        options.bounds.keep(checking).await?;
        Ok(Prepared {
            plan,
            server_version: target.version_name.clone(),
            notices,
            with_roles: named.of_objects().is_subset(&usable),
            database_owner: named.database.filter(|owner| usable.contains(owner)),
        })
    }
}

/// The named roles that own and are granted to in this restore.
async fn usable_roles(
    client: &Client,
    named: &Named,
    choice: Roles,
) -> Result<BTreeSet<String>, RestoreError> {
    if choice == Roles::Ignored {
        return Ok(BTreeSet::new());
    }
    let all = named.all();
    let wanted: Vec<&str> = all.iter().map(String::as_str).collect();
    let rows = client.query(ROLES, &[&wanted]).await;
    let rows = rows.map_err(at("looking for roles"))?;
    let mut usable: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let missing: Vec<String> = all.difference(&usable).cloned().collect();
    let owners = named.all_owners();
    let strange = rows.iter().filter(|row| !row.get::<_, bool>(1));
    let strange = strange.map(|row| row.get::<_, String>(0));
    let strange: Vec<String> = strange.filter(|role| owners.contains(role)).collect();
    if choice != Roles::Required {
        usable.retain(|role| !strange.contains(role));
        return Ok(usable);
    }
    refuse("the server lacks these roles", &missing, |role| {
        format!("CREATE ROLE {role};")
    })?;
    let why = "the restoring role may not give anything to these owners";
    let inherit = match client.query_one(MEMBERSHIP, &[]).await {
        Ok(row) => row.get::<_, String>(0),
        Err(error) => return Err(at("looking for roles")(error)),
    };
    refuse(why, &strange, |role| format!("GRANT {role} TO {inherit};"))?;
    Ok(usable)
}

fn refuse(
    why: &'static str,
    roles: &[String],
    remedy: impl Fn(String) -> String,
) -> Result<(), RestoreError> {
    if roles.is_empty() {
        return Ok(());
    }
    Err(RestoreError::Roles {
        why,
        roles: roles.to_vec(),
        remedies: roles.iter().map(|role| remedy(quoted(role))).collect(),
    })
}

/// With whether the restoring role may give objects to it and use what belongs to it: from PostgreSQL
/// 16 on, these are two options of a membership.
const ROLES: &str = "\
    SELECT rolname::text,
           pg_catalog.pg_has_role(oid, 'USAGE')
           AND pg_catalog.pg_has_role(oid, CASE
               WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
               ELSE 'MEMBER' END)
      FROM pg_catalog.pg_roles
     WHERE rolname = ANY($1)";

const MEMBERSHIP: &str = "\
    SELECT quote_ident(current_user) || CASE
               WHEN current_setting('server_version_num')::integer >= 160000
               THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END";
