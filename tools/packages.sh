# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Installs missing packages; sourced by tools/run and tools/test. Quick when nothing is missing.

say() { printf '%s\n' "$*" >&2; }

# as_root COMMAND...: without sudo when root already.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# package_manager: apt, dnf or none.
package_manager() {
    if command -v apt-get >/dev/null 2>&1; then
        echo apt
    elif command -v dnf >/dev/null 2>&1; then
        echo dnf
    else
        echo none
    fi
}

# has_header FILE: can the C compiler find it?
has_header() { command -v cc >/dev/null 2>&1 && printf '#include <%s>\n' "$1" | cc -E - >/dev/null 2>&1; }
# C headers that need others in front of them.
has_cmocka() {
    command -v cc >/dev/null 2>&1 &&
        printf '#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n#include <stdint.h>\n#include <cmocka.h>\n' |
        cc -E - >/dev/null 2>&1
}
# Debian's python packages belong to Debian's interpreter; another python3 may come first in PATH.
has_python_module() { /usr/bin/python3 -c "import $1" >/dev/null 2>&1; }

missing=()
# need APT_NAMES DNF_NAMES CHECK...: notes the packages when CHECK fails.
need() {
    local apt_name=$1 dnf_name=$2
    shift 2
    local -a names
    "$@" >/dev/null 2>&1 && return 0
    case $(package_manager) in
        dnf) read -r -a names <<<"$dnf_name" ;;
        *) read -r -a names <<<"$apt_name" ;;
    esac
    missing+=("${names[@]}")
}

wished=()
# wish APT_NAMES DNF_NAMES CHECK...: the same for what the build can do without.
wish() {
    local -a needed=("${missing[@]}")
    missing=()
    need "$@"
    wished+=("${missing[@]}")
    missing=("${needed[@]}")
}

need_for_build() {
    need "gcc libc6-dev" gcc has_header stdio.h
    need cmake cmake command -v cmake
    need make make command -v make
    need libwslay-dev wslay-devel has_header wslay/wslay.h
    need libssl-dev openssl-devel has_header openssl/evp.h
    wish libc-ares-dev c-ares-devel has_header ares.h
}

# may_install: root, or someone who can become root; said once, before anything is tried.
may_install() {
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 && return
    say "Packages are missing and this user may not install them: run as root, or install them by hand: ${missing[*]}"
    return 1
}

apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >&2; }

# install_missing: with what is wished for; without it when that cannot be had.
install_missing() {
    local -a needed=("${missing[@]}")
    if [ ${#wished[@]} -gt 0 ]; then
        if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
            install_now # installs nothing, and says so once
            return
        fi
        missing+=("${wished[@]}")
        install_now && return
        say "Trying without: ${wished[*]}"
        missing=("${needed[@]}")
    fi
    install_now
}

install_now() {
    [ ${#missing[@]} -gt 0 ] || return 0
    case $(package_manager) in
        apt)
            may_install || return
            say "Installing: ${missing[*]}"
            # A fresh machine knows no package names yet; on an old one the files of that time may be gone.
            if apt-get install --simulate --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && apt_install; then
                return
            fi
            as_root apt-get update >&2 && apt_install
            ;;
        dnf)
            may_install || return
            say "Installing: ${missing[*]}"
            as_root dnf install -y "${missing[@]}" >&2
            ;;
        *)
            say "Neither apt nor dnf is here. Please install what these Debian packages hold: ${missing[*]}"
            return 1
            ;;
    esac
}
