//! The ids of mocked resources: azurerm parses the ids that it gets, in mocked plans too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use infra_tests::checkout;

/// Types, and the rest of their ids after the resource group, with `*` for a name. azurerm compares letter case:
/// `serverFarms` and not `serverfarms`.
const GRAMMAR: [(&str, &str); 23] = [
    (
        "azurerm_application_insights",
        "Microsoft.Insights/components/*",
    ),
    (
        "azurerm_cdn_frontdoor_custom_domain",
        "Microsoft.Cdn/profiles/*/customDomains/*",
    ),
    (
        "azurerm_cdn_frontdoor_endpoint",
        "Microsoft.Cdn/profiles/*/afdEndpoints/*",
    ),
    (
        "azurerm_cdn_frontdoor_firewall_policy",
        "Microsoft.Network/frontDoorWebApplicationFirewallPolicies/*",
    ),
    (
        "azurerm_cdn_frontdoor_origin",
        "Microsoft.Cdn/profiles/*/originGroups/*/origins/*",
    ),
    (
        "azurerm_cdn_frontdoor_origin_group",
        "Microsoft.Cdn/profiles/*/originGroups/*",
    ),
    ("azurerm_cdn_frontdoor_profile", "Microsoft.Cdn/profiles/*"),
    (
        "azurerm_cdn_frontdoor_route",
        "Microsoft.Cdn/profiles/*/afdEndpoints/*/routes/*",
    ),
    ("azurerm_dns_zone", "Microsoft.Network/dnsZones/*"),
    ("azurerm_key_vault", "Microsoft.KeyVault/vaults/*"),
    (
        "azurerm_kubernetes_cluster",
        "Microsoft.ContainerService/managedClusters/*",
    ),
    (
        "azurerm_kubernetes_cluster_node_pool",
        "Microsoft.ContainerService/managedClusters/*/agentPools/*",
    ),
    (
        "azurerm_log_analytics_workspace",
        "Microsoft.OperationalInsights/workspaces/*",
    ),
    (
        "azurerm_network_security_group",
        "Microsoft.Network/networkSecurityGroups/*",
    ),
    (
        "azurerm_postgresql_flexible_server",
        "Microsoft.DBforPostgreSQL/flexibleServers/*",
    ),
    (
        "azurerm_postgresql_flexible_server_database",
        "Microsoft.DBforPostgreSQL/flexibleServers/*/databases/*",
    ),
    (
        "azurerm_private_dns_zone",
        "Microsoft.Network/privateDnsZones/*",
    ),
    ("azurerm_service_plan", "Microsoft.Web/serverFarms/*"),
    (
        "azurerm_storage_account",
        "Microsoft.Storage/storageAccounts/*",
    ),
    (
        "azurerm_storage_container",
        "Microsoft.Storage/storageAccounts/*/blobServices/default/containers/*",
    ),
    (
        "azurerm_subnet",
        "Microsoft.Network/virtualNetworks/*/subnets/*",
    ),
    (
        "azurerm_user_assigned_identity",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*",
    ),
    (
        "azurerm_virtual_network",
        "Microsoft.Network/virtualNetworks/*",
    ),
];

/// Types with ids of another kind: a definition's is of the subscription, azapi's are of any type.
const OF_OTHER_KINDS: [&str; 2] = ["azapi_resource", "azurerm_role_definition"];

/// Types whose ids the tests of bootstrap override, because there are two environments of them.
const OVERRIDDEN: [&str; 2] = ["azurerm_dns_zone", "azurerm_resource_group"];

#[test]
fn azurerm_can_parse_every_mocked_id() {
    let mut count = 0;
    for file in files("hcl") {
        for (kind, id) in mocked_ids(&read(&file)) {
            let place = format!("{}: {kind}", file.display());
            if OF_OTHER_KINDS.contains(&kind.as_str()) {
                assert!(id.starts_with("/subscriptions/"), "{place}: {id}");
            } else {
                let grammar = grammar(&kind).unwrap_or_else(|| panic!("{place} has no grammar"));
                assert!(fits(&id, grammar), "{place}: {id} does not fit {grammar}");
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count} ids were found");
}

/// A mock without an id gets random letters, which azurerm rejects in other resources.
#[test]
fn every_referenced_id_has_a_mock() {
    let mocks = read(&root().join("mocks/azurerm/mocks.tfmock.hcl"));
    let mut given: BTreeSet<_> = mocked_ids(&mocks).into_keys().collect();
    given.extend(OVERRIDDEN.map(str::to_owned));
    let passed_on: BTreeSet<_> = files("tf")
        .iter()
        .flat_map(|file| passed_on(&read(file)))
        .collect();
    let missing: Vec<_> = passed_on.difference(&given).collect();
    assert!(missing.is_empty() && passed_on.len() > 15, "{missing:?}");
}

#[test]
fn an_id_of_another_shape_is_rejected() {
    let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/";
    let plan = grammar("azurerm_service_plan").expect("it is in the table");
    for (id, is_right) in [
        (format!("{group}Microsoft.Web/serverFarms/plan"), true),
        (format!("{group}Microsoft.Web/serverfarms/plan"), false),
        (format!("{group}Microsoft.Web/serverFarms/"), false),
        (format!("{group}Microsoft.Web/serverFarms/plan/more"), false),
        ("plan".to_owned(), false),
    ] {
        assert_eq!(fits(&id, plan), is_right, "{id}");
    }
    assert_eq!(
        passed_on("x = azurerm_subnet.this[each.key].id\ny = azurerm_key_vault.this.vault_uri"),
        ["azurerm_subnet"]
    );
}

fn grammar(kind: &str) -> Option<&'static str> {
    GRAMMAR
        .iter()
        .find(|(name, _)| *name == kind)
        .map(|(_, grammar)| *grammar)
}

fn fits(id: &str, grammar: &str) -> bool {
    let whole = format!("/subscriptions/*/resourceGroups/*/providers/{grammar}");
    let [found, wanted] = [id, &whole].map(|it| it.split('/').collect::<Vec<_>>());
    let fits =
        |(found, wanted): (&&str, &&str)| found == wanted || (*wanted == "*" && !found.is_empty());
    found.len() == wanted.len() && found.iter().zip(&wanted).all(fits)
}

/// The id of each `mock_resource` that has one.
fn mocked_ids(text: &str) -> BTreeMap<String, String> {
    let blocks = text.split("mock_resource \"").skip(1);
    let ids = blocks.filter_map(|block| {
        let (kind, rest) = block.split_once('"')?;
        // Up to the block's end; attributes are aligned.
        let mut lines = rest.lines().map(str::trim).take_while(|line| *line != "}");
        let id =
            lines.find_map(|line| line.strip_prefix("id")?.trim_start().strip_prefix("= \""))?;
        Some((kind.to_owned(), id.trim_end_matches('"').to_owned()))
    });
    ids.collect()
}

/// The types of azurerm whose ids these files pass to other resources.
fn passed_on(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || "_.[]\"".contains(it)));
    let references = words.filter_map(|word| word.strip_suffix(".id"));
    let types = references.filter_map(|word| Some(word.split_once('.')?.0));
    types
        .filter(|word| word.starts_with("azurerm_"))
        .map(str::to_owned)
        .collect()
}

/// All files below `infra/terraform` with this ending.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == ending) {
                files.push(path);
            }
        }
    }
    files
}

fn root() -> PathBuf {
    checkout().join("infra/terraform")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
