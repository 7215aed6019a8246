//! Every rule, run over the files that git knows and the crates that cargo knows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use tidy::{EXCEPTIONS, Finding, Package, RULES, excused};

#[test]
fn the_house_keeps_its_rules() {
    let root = root();
    let packages = packages(&root);
    let files = files(&root);
    let mut findings = tidy::arrows_point_down(&packages);
    findings.extend(tidy::outside_dependencies_are_known(&packages));
    for path in &files {
        // Pictures and other bytes are not read.
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        findings.extend(RULES.iter().flat_map(|rule| rule(path, &text)));
        findings.extend(tidy::links_resolve(path, &text, &files));
        if path == "ARCHITECTURE.md" {
            let names: Vec<String> = packages.iter().map(|package| package.name.clone()).collect();
            findings.extend(tidy::architecture_maps_every_crate(&text, &names));
        }
    }
    let mut left = excused(findings, EXCEPTIONS);
    left.sort();
    let report: Vec<String> = left.iter().map(Finding::to_string).collect();
    assert!(report.is_empty(), "{} findings\n{}", report.len(), report.join("\n"));
}

#[test]
fn what_the_rules_are_about_is_there() {
    let root = root();
    let files = files(&root);
    let documents = ["ARCHITECTURE.md", "CHANGELOG.md", "README.md", "docs/glossary.md"];
    for path in documents.into_iter().chain(["fixtures/fairness_vectors.json", "Cargo.toml"]) {
        assert!(files.contains(path), "{path} is missing");
    }
    assert!(packages(&root).len() > 10);
}

/// The root of the repository.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace has a root")
}

/// Every file that git tracks or would: what is ignored is not the project.
fn files(root: &Path) -> BTreeSet<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let there = |path: &&str| !path.is_empty() && root.join(path).is_file();
    listed.split('\0').filter(there).map(str::to_owned).collect()
}

/// Every crate of the workspace with what it imports.
fn packages(root: &Path) -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo reads the workspace");
    let root = metadata.workspace_root.clone();
    metadata.packages.iter().map(|package| described(package, &root, &metadata)).collect()
}

/// `package` as the rules want it.
fn described(
    package: &cargo_metadata::Package,
    root: &cargo_metadata::camino::Utf8Path,
    metadata: &Metadata,
) -> Package {
    let is_ours = |name: &str| metadata.packages.iter().any(|ours| ours.name.as_str() == name);
    let (ours, others): (Vec<_>, Vec<_>) =
        package.dependencies.iter().partition(|dependency| is_ours(&dependency.name));
    let in_code = |dependencies: &[&cargo_metadata::Dependency]| {
        let normal = dependencies.iter().filter(|found| found.kind == DependencyKind::Normal);
        normal.map(|found| found.name.clone()).collect()
    };
    let manifest = package.manifest_path.strip_prefix(root).unwrap_or(&package.manifest_path);
    Package {
        name: package.name.to_string(),
        manifest: manifest.as_str().replace('\\', "/"),
        ours: ours.iter().map(|dependency| dependency.name.clone()).collect(),
        ours_in_code: in_code(&ours),
        others: in_code(&others),
    }
}
