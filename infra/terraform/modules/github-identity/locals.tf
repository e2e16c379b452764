locals {
  # https://learn.microsoft.com/entra/workload-id/workload-identities-github-immutable-subjects
  repository = (
    var.repository.id == null
    ? "${var.repository.owner}/${var.repository.name}"
    : "${var.repository.owner}@${var.repository.owner_id}/${var.repository.name}@${var.repository.id}"
  )

  github_credentials = {
    for environment in var.github_environments : "github-${environment}" => {
      issuer  = "https://token.actions.githubusercontent.com"
      subject = "repo:${local.repository}:environment:${environment}"
    }
  }
}
