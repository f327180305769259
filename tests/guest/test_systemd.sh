#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A Debian with systemd as process 1, /var a file system of its own, imad installed by `meson install`, /usr signed with portable EVM signatures, what
# is written to under HMACs of a key that the TPM keeps, appraise_tcb enforced by the gate. Four boots: labelling, the trial that nobody confirms (and
# one that is confirmed), the machine as it stays, and the rescue from the command line. Every shutdown is clean.
# KERNELS="6.1 6.12" chooses; they boot side by side.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
# shellcheck source=tests/keys.sh
. "$here/../keys.sh"
make_key "$work" ec ec -pkeyopt ec_paramgen_curve:P-256

# what runs on its own account, logins that nobody waits at, modules that nobody needs
mask="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service serial-getty@ttyS0.service
modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service modprobe@loop.service"
# programs that systemd asks for more units at each start and reload: here is nothing that these look for
generators="cryptsetup debug getty gpt-auto hibernate-resume integritysetup rc-local run system-update sysv veritysetup"

put_programs_and_libraries() { # ROOT
	local f
	DESTDIR=$1 meson install --no-rebuild -C "$build" >"$work/install.log" 2>&1 || { tail "$work/install.log"; die "meson install"; }
	for f in $(ldd "$build/imad" "$build/imactl" | awk '$2 == "=>" { print $3 }' | sort -u); do
		[ -e "$1/usr/lib/x86_64-linux-gnu/${f##*/}" ] || cp -L "$f" "$1/usr/local/lib/"
	done
	ldconfig -r "$1"
}

# what an administrator writes on a machine whose kernel has an IMA and an EVM of its own, as Debian's: imad(8)
settings() { # ROOT
	mkdir -p "$1/etc/imad" "$1/etc/keys/ima" "$1/etc/keys/evm"
	cp "$work/ec.der" "$1/etc/keys/ima/"
	cp "$work/ec.der" "$1/etc/keys/evm/"
	cat >"$1/etc/imad/imad.conf" <<'C'
ima_policy = appraise_tcb
ima_appraise = enforce
tier = gate
grace = 900
evm_key = /etc/keys/evm.sealed
pcr = 11
mount_point = /run/ima
C
	mkdir -p "$1/etc/systemd/system/imad.service.d"
	printf '[Service]\nExecStartPre=-/bin/sh -c "echo 4 >/sys/kernel/security/evm"\n' >"$1/etc/systemd/system/imad.service.d/kernel-evm.conf"
}

# the things that are used, and the job
guest_files() { # ROOT
	local name
	install -m 755 "$here/systemd-job" "$1/usr/local/sbin/guest-job"
	cat >"$1/etc/systemd/system/guest-job.service" <<'U'
[Service]
ExecStart=/usr/local/sbin/guest-job
[Install]
WantedBy=multi-user.target
U
	cat >"$1/usr/local/bin/service" <<'S'
#!/usr/bin/python3
import ssl, json, subprocess, sys
open("/var/lib/service/state", "a").write("started\n")
assert "settings" in open("/etc/service.conf").read()
print(json.dumps({"ok": subprocess.run(["/usr/bin/id", "-u"], capture_output=True, text=True).stdout.strip()}))
S
	chmod 755 "$1/usr/local/bin/service"
	echo settings >"$1/etc/service.conf"
	mkdir "$1/var/lib/service"
	for name in good changed service; do
		[ "$name" = service ] || cp "$1/usr/bin/true" "$1/usr/local/bin/$name"
		printf '[Service]\nType=oneshot\nExecStart=/usr/local/bin/%s\n' "$name" >"$1/etc/systemd/system/guest-$name.service"
	done
	rm -f "$1/etc/machine-id"
	echo 4910b225b6b141a49e96e3d57daea0c6 >"$1/etc/machine-id"
	printf '/dev/vda / ext4 defaults 0 1\n/dev/vdb /var ext4 defaults 0 2\n' >"$1/etc/fstab"
	# shellcheck disable=SC2086
	chroot "$1" systemctl mask $mask >/dev/null 2>&1
	mkdir -p "$1/etc/systemd/system-generators"
	for name in $generators; do ln -s /dev/null "$1/etc/systemd/system-generators/systemd-$name-generator"; done
	chroot "$1" systemctl enable guest-job >/dev/null 2>&1
}

plant() { # ROOT: what nobody signed, or was changed since
	cp "$1/usr/bin/true" "$1/usr/local/bin/planted"
	cp "$1/lib/x86_64-linux-gnu/libcap.so.2" "$1/usr/local/lib/planted.so"
	echo : >"$1/usr/local/lib/planted.sh"
	printf x >>"$1/usr/local/bin/changed"
}

make_image() { # in a mount namespace of its own
	local root=$work/root
	mkdir "$root"
	mount -o loop "$work/root.img" "$root" 2>/dev/null || exit 77
	mv "$root/var" "$root/old"
	mkdir "$root/var"
	mount -o loop "$work/var.img" "$root/var"
	cp -a "$root/old/." "$root/var/"
	# hundreds of files that would get their label one after the other
	rm -rf "$root/old" "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/lib/dpkg/info/*
	put_programs_and_libraries "$root"
	settings "$root"
	guest_files "$root"
	"$build/imactl" sign -r -x -q --evm portable -k "$work/ec.key" "$root/usr" "$root/opt" "$root/boot"
	plant "$root"
	umount "$root/var" "$root"
}

truncate -s 2G "$work/root.img"
truncate -s 512M "$work/var.img"
mke2fs -q -F -t ext4 -d "$lab/root" "$work/root.img"
mke2fs -q -F -t ext4 "$work/var.img"
status=0
export -f make_image put_programs_and_libraries settings guest_files plant die
export work build here mask generators
unshare -m --propagation private bash -euc make_image || status=$?
[ "$status" != 77 ] || skip "no loop mount can be made here"
[ "$status" = 0 ] || die "the image was not made"

uses() { # STAGE PLANTED LIBRARY SCRIPT CHANGED
	printf '%s\n' "$1 signed: 0" "$1 planted: $2" "$1 library: $3" "$1 script: $4" "$1 service: 0" "$1 changed service: $5"
}
up() { printf '%s\n' "$1 system: running" "$1 failed: " "$1 imad: active running notify gate" "$1 ready: 0" "$1 refused: "; }
want() { # STAGE
	case $1 in
	label) printf 'label %s: 0\n' key start journal files ;;
	trial)
		up trial
		echo "trial said: 0"
		uses trial 126 0 1 1
		echo "trial reason: cause=invalid-signature "
		echo "trial systemd: Permission denied "
		printf 'works %s: 0\n' service "service again" programs libraries "new file" "new program"
		printf 'works %s: 1\n' "write to a signed file" "mode of a signed file"
		cat <<-'W'
			works user: 0
			reload: 0
			reload: handed over
			reload gaps: 0
			reload written: 0
			reload planted: 126
			restart: 0
			restart: another process
			restart gaps: 1
			restart signed: 0
			restart planted: 126
			trial end: 0
		W
		uses reverted 0 0 0 0
		printf '%s\n' "confirm restart: 0" "confirm planted: 126" "confirm: 0"
		;;
	kept)
		up kept
		echo "kept trial: 0"
		uses kept 126 0 1 1
		printf '%s\n' "stop: 0" "stop planted: 0" "start: 0" "start planted: 126"
		;;
	rescue)
		up rescue
		echo "rescue said: 0"
		uses rescue 0 0 0 0
		;;
	esac
	echo "$1 done"
}

# everything that was written is on the disks, nothing was busy, nobody had to be killed
clean_end() { # KERNEL STAGE
	local disk bad=0 out=$work/$1
	grep -q 'Unmounted var.mount' "$out/$2.console" && grep -q 'All filesystems, swaps, .* detached' "$out/$2.console" || { echo "$1 $2: no clean end"; bad=1; }
	! grep -iE 'failed (to )?unmount|target is busy|timed out|Sending SIGKILL to PID' "$out/$2.console" || bad=1
	for disk in root var; do
		[ "$(dumpe2fs -h "$out/$disk.img" 2>/dev/null | grep -c 'state: *clean$\|needs_recovery')" = 1 ] || { echo "$1 $2: $disk was not unmounted"; bad=1; }
	done
	return $bad
}

boot_stage() { # KERNEL STAGE WORDS
	local out=$work/$1
	GUEST_DISKS="$out/root.img $out/var.img" GUEST_SECONDS=900 bash "$here/boot" "$lab" "$1" "$out" \
		"$quick no_timer_check guest.init=/sbin/init guest.stage=$2 systemd.log_color=0 $3" || { echo "$1 $2: the guest did not end: $(tail -n 20 "$out/console.log")"; return 1; }
	mv "$out/console.log" "$out/$2.console"
	tr -d '\r' <"$out/said.log" >"$out/$2.said"
	sed "/^$2 done/q" "$out/$2.said" >"$out/$2.result"
	want "$2" >"$out/$2.want"
	clean_end "$1" "$2" || { tail -n 60 "$out/$2.console"; return 1; }
	if diff "$out/$2.want" "$out/$2.result"; then
		echo "$1 $2: $(wc -l <"$out/$2.want") outcomes as documented, $(grep -o '^\[ *[0-9]*' "$out/$2.console" | tail -n 1 | tr -d '[ ') s"
	else
		grep '^[|1] ' "$out/$2.said" | tail -n 40
		return 1
	fi
}

run_kernel() { # KERNEL
	local stage out=$work/$1
	mkdir -p "$out"
	cp --sparse=always "$work/root.img" "$work/var.img" "$out/"
	for stage in ${STAGES:-label trial kept rescue}; do
		boot_stage "$1" "$stage" "$([ "$stage" != rescue ] || echo imad.appraise=log)" || exit 1
	done
}
kernels=${KERNELS:-6.1 6.12}
# shellcheck disable=SC2086
side_by_side run_kernel $kernels
