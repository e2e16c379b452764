"""Members that Azure adds to a resource: a GET returns them and no PUT sets them.

Keys are types in lower case. Values get the resource's name and return properties.
"""

import uuid


def guid(*parts):
    """Returns the same id for the same parts, so that a second read shows no change."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


TENANT = guid("tenant")


def storage_account(name):
    services = ("blob", "dfs", "file", "queue", "table", "web")
    return {
        "primaryEndpoints": {service: f"https://{name}.{service}.core.windows.net/" for service in services},
        "primaryLocation": "westeurope",
        "statusOfPrimary": "available",
    }


COMPUTED = {
    "microsoft.cdn/profiles": lambda name: {"frontDoorId": guid("afd", name), "resourceState": "Active"},
    "microsoft.cdn/profiles/afdendpoints": lambda name: {"hostName": f"{name}-x.z01.azurefd.net"},
    "microsoft.cdn/profiles/customdomains": lambda name: {
        "domainValidationState": "Pending",
        "validationProperties": {"validationToken": guid("token", name)},
    },
    "microsoft.containerservice/managedclusters": lambda name: {
        "currentKubernetesVersion": "1.35.0",
        "fqdn": f"{name}.hcp.westeurope.azmk8s.io",
        "nodeResourceGroup": f"MC_{name}",
        "oidcIssuerProfile": {"enabled": True, "issuerURL": f"https://westeurope.oic.prod-aks.azure.com/{guid(name)}/"},
    },
    "microsoft.dbforpostgresql/flexibleservers": lambda name: {
        "fullyQualifiedDomainName": f"{name}.postgres.database.azure.com",
        "state": "Ready",
    },
    "microsoft.insights/components": lambda name: {
        "AppId": guid("app", name),
        "ConnectionString": f"InstrumentationKey={guid('key', name)}",
        "InstrumentationKey": guid("key", name),
    },
    "microsoft.keyvault/vaults": lambda name: {"vaultUri": f"https://{name}.vault.azure.net/"},
    "microsoft.managedidentity/userassignedidentities": lambda name: {
        "clientId": guid("client", name),
        "principalId": guid("principal", name),
        "tenantId": TENANT,
    },
    "microsoft.network/dnszones": lambda name: {"nameServers": [f"ns{n}-01.azure-dns.com." for n in (1, 2, 3, 4)]},
    "microsoft.operationalinsights/workspaces": lambda name: {"customerId": guid("workspace", name)},
    "microsoft.storage/storageaccounts": storage_account,
    "microsoft.web/sites": lambda name: {
        "customDomainVerificationId": guid("site", name),
        "defaultHostName": f"{name}.azurewebsites.net",
        "state": "Running",
    },
}

# Types whose PUT and DELETE end later: the reply names an operation to poll.
SLOW = {
    "microsoft.cdn/profiles",
    "microsoft.containerservice/managedclusters",
    "microsoft.containerservice/managedclusters/agentpools",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.network/virtualnetworks",
}

# Children that exist as soon as their parent exists.
BORN_WITH_PARENT = {
    "microsoft.storage/storageaccounts/blobservices",
    "microsoft.storage/storageaccounts/fileservices",
    "microsoft.dbforpostgresql/flexibleservers/configurations",
    "microsoft.web/sites/config",
    "microsoft.web/sites/basicpublishingcredentialspolicies",
}

# Results of a POST to an action of a resource.
ACTIONS = {
    "checknameavailability": {"nameAvailable": True},
    "list": {"properties": {}},
    "listkeys": {"keys": [{"keyName": "key1", "permissions": "FULL", "value": "a2V5"}]},
    "listclusteradmincredential": {"kubeconfigs": []},
    "listclusterusercredential": {"kubeconfigs": []},
    "sharedkeys": {"primarySharedKey": "a2V5", "secondarySharedKey": "a2V5"},
}
