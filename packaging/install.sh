# Shared by `run` and `test`: install what is missing, and nothing when nothing is. Sourced by bash.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
python=$venv/bin/python
system=$(uname -s)

# The system's own Python: `gi` is compiled for that one only.
case $system in
  Linux) system_python=/usr/bin/python3 ;;
  MINGW* | MSYS* | CYGWIN*)
    system_python=python
    python=$venv/Scripts/python.exe
    ;;
  *) system_python=python3 ;;
esac

product_debs=(python3 python3-venv python3-gi python3-dbus python3-tk gir1.2-ayatanaappindicator3-0.1)
desktop_debs=(xvfb dbus openbox xfce4-panel dunst gnome-keyring xdotool fonts-dejavu-core fossil strace desktop-file-utils libglib2.0-bin zsh fish)
package_debs=(lintian desktop-file-utils appstream binutils)
desktop_commands=(Xvfb dbus-daemon openbox xfce4-panel dunst gnome-keyring-daemon xdotool strace setpriv)

die() {
  printf '%s\n' "$@" >&2
  exit 1
}

# install_missing product|dev|bench|package [desktop]: `dev` adds the tools of the checks, `bench` to these the queues to
# be measured against, `package` to them what builds and looks at packages; `desktop` the virtual desktop.
install_missing() {
  local kind=$1 desktop=${2:-}
  if [[ $system == Linux ]] && command -v apt-get >/dev/null; then
    install_debs "$desktop" "$kind"
  else
    check_other_system "$desktop"
  fi
  check_python_version
  install_venv "$kind"
}

install_debs() {
  local wanted=("${product_debs[@]}") missing=() deb
  [[ -z $1 ]] || wanted+=("${desktop_debs[@]}")
  [[ $2 != package ]] || wanted+=("${package_debs[@]}" "lib$(readlink -f "$system_python" | xargs basename)")
  for deb in "${wanted[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$deb" 2>/dev/null) == installed ]] || missing+=("$deb")
  done
  ((${#missing[@]})) || return 0
  if ((EUID)) && ! command -v sudo >/dev/null; then
    die "System packages are missing, and there is neither root nor sudo to install them." \
      "Ask an administrator to run:" \
      "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" \
      "Then run ./packaging/${0##*/} again."
  fi
  echo "Installing system packages: ${missing[*]}"
  compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || apt_get update
  apt_get install --no-install-recommends "${missing[@]}" || {
    echo "That failed, perhaps for old package lists: updating them and trying again."
    apt_get update
    apt_get install --no-install-recommends "${missing[@]}"
  }
}

apt_get() {
  local as_root=(env)
  ((EUID == 0)) || as_root=(sudo env)
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qy -o Acquire::Retries=3 "$@" >/dev/null
}

# Other systems are told what to install; where it is there already, we go on.
check_other_system() {
  local lacking=() command
  command -v "$system_python" >/dev/null || lacking+=("$system_python")
  if [[ $system == Linux ]]; then
    "$system_python" -c "import dbus, gi, tkinter; gi.require_version('AyatanaAppIndicator3', '0.1')" \
      2>/dev/null || lacking+=("the Python modules gi, dbus and tkinter, and AyatanaAppIndicator3")
    if [[ -n $1 ]]; then
      for command in "${desktop_commands[@]}"; do
        command -v "$command" >/dev/null || lacking+=("$command")
      done
    fi
  fi
  ((${#lacking[@]})) || return 0
  printf 'Missing on this system:\n' >&2
  printf '  %s\n' "${lacking[@]}" >&2
  die "Install it with:" "  $(advice "$1")" "Then run in $root:" "  ./packaging/${0##*/}"
}

advice() {
  local line extra
  if command -v dnf >/dev/null; then
    line="sudo dnf install python3 python3-gobject python3-dbus libayatana-appindicator-gtk3"
    extra="xorg-x11-server-Xvfb dbus-daemon openbox xfce4-panel dunst gnome-keyring xdotool"
    extra+=" dejavu-sans-fonts strace util-linux"
  elif command -v pacman >/dev/null; then
    line="sudo pacman -S --needed python python-gobject python-dbus libayatana-appindicator"
    extra="xorg-server-xvfb dbus openbox xfce4-panel dunst gnome-keyring xdotool ttf-dejavu strace"
  elif command -v zypper >/dev/null; then
    line="sudo zypper install python3 python3-gobject python3-dbus-python"
    line+=" typelib-1_0-AyatanaAppIndicator3-0_1"
    extra="xorg-x11-server-Xvfb dbus-1-daemon openbox xfce4-panel dunst gnome-keyring xdotool"
    extra+=" dejavu-fonts strace util-linux"
  elif [[ $system == Darwin ]]; then
    line="brew install python@3.13        (https://brew.sh)"
  elif [[ $system != Linux ]]; then
    line="winget install Python.Python.3.13        (and run this in Git Bash)"
  else
    line="your package manager; what Debian calls ${product_debs[*]}"
    extra="${desktop_debs[*]}"
  fi
  echo "$line${1:+ ${extra:-}}"
}

check_python_version() {
  "$system_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die \
    "Trayapp needs Python 3.11 or newer; $system_python is $("$system_python" --version)." \
    "Install a newer one, or use a newer release of the system (Debian 12, Ubuntu 24.04)."
}

# A stamp says what was last put into the environment, so that the usual start asks no network.
install_venv() {
  local kind=$1 stamp pins
  pins="$root $("$system_python" --version) $(cksum <"$root/pyproject.toml")"
  for stamp in "$venv"/stamp-{bench,package,dev} "$venv/stamp-$kind"; do
    [[ $kind != @(bench|package) || $stamp == *-$kind ]] || continue
    if [[ -x $python && -f $stamp && $(<"$stamp") == "$pins" ]]; then return 0; fi
  done
  echo "Installing Python packages into $venv"
  rm -f "$venv"/stamp-*
  "$python" -c '' 2>/dev/null || "$system_python" -m venv --clear --system-site-packages "$venv"
  local pip=("$python" -m pip --quiet --disable-pip-version-check install)
  # Debian's pip does not know dependency groups yet.
  "${pip[@]}" --upgrade 'pip>=25.1'
  local groups=()
  [[ $kind == product ]] || groups+=(--group "$root/pyproject.toml:dev")
  [[ $kind != @(bench|package) ]] || groups+=(--group "$root/pyproject.toml:$kind")
  "${pip[@]}" --editable "$root" "${groups[@]}"
  echo "$pins" >"$venv/stamp-$kind"
}
