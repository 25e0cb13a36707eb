# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Debian's archive as this system's apt knows it; sourced by tools/bare and tools/machines. No host is named here.

# debian_archives SUITE: "URI CODENAME" lines of the suite, its updates and its security fixes.
debian_archives() {
    command -v apt-get >/dev/null 2>&1 || return 1
    apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
        sort -u | grep -E " $1(-updates|-security)?\$"
}

# debian_codename: of this system.
debian_codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# An apt of our own in a folder: other architectures and source packages without any change to the system.
# private_apt FOLDER ARCHITECTURE COMMAND...
private_apt() {
    local folder=$1 architecture=$2
    shift 2
    apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$folder/lists" \
        -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" -o APT::Architecture="$architecture" \
        -o APT::Architectures="$architecture" -o APT::Sandbox::User= -o Acquire::Languages=none "$@"
}

# private_apt_open FOLDER ARCHITECTURE: fetches the lists; of the suite alone where its updates cannot be had.
private_apt_open() {
    local folder=$1 architecture=$2 suite pattern archives archive codename
    suite=$(debian_codename)
    mkdir -p "$folder/cache/archives/partial"
    : >"$folder/status"
    for pattern in . " $suite\$"; do
        rm -rf "$folder/lists"
        mkdir -p "$folder/lists/partial"
        archives=$(debian_archives "$suite" | grep -e "$pattern") || return 1
        while read -r archive codename; do
            printf 'deb %s %s main\ndeb-src %s %s main\n' "$archive" "$codename" "$archive" "$codename"
        done <<<"$archives" >"$folder/sources.list"
        private_apt "$folder" "$architecture" update && return
    done
    return 1
}

# private_apt_sysroot FOLDER ARCHITECTURE SYSROOT PACKAGES...: downloads and unpacks these packages.
private_apt_sysroot() {
    local folder=$1 architecture=$2 sysroot=$3 package
    shift 3
    mkdir -p "$sysroot" "$folder/debs-$architecture"
    (cd "$folder/debs-$architecture" && rm -f ./*.deb && private_apt "$folder" "$architecture" download "$@") || return 1
    for package in "$folder/debs-$architecture"/*.deb; do
        dpkg -x "$package" "$sysroot" || return 1
    done
}
