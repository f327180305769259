# SPDX-License-Identifier: BSD-2-Clause
# File systems mounted while imad runs, here and in another mount namespace; overlay on a hooked file system without a deadlock.
. "$(dirname "$0")/lib.sh"

make_mount
mkdir "$work/mnt/sub" "$work/mnt/ns" "$work/mnt/lo" "$work/mnt/up" "$work/mnt/wk" "$work/mnt/ov"
truncate -s 32M "$work/image2" "$work/image3"
mkfs.ext4 -q "$work/image2"; mkfs.ext4 -q "$work/image3"
start_imad

listed() { "$imactl" list | grep -q " $1 \$"; }
mount -o loop "$work/image2" "$work/mnt/sub"
sleep 1
cp /bin/true "$work/mnt/sub/prog"; "$work/mnt/sub/prog"
listed "$work/mnt/sub/prog" || die "a file system mounted later is not covered"

# another namespace: its mount is seen by the scan, at the latest a second later
unshare -m --propagation private bash -c "mount -o loop '$work/image3' '$work/mnt/ns' && sleep 1.5 && cp /bin/true '$work/mnt/ns/inner' && '$work/mnt/ns/inner'"
listed "$work/mnt/ns/inner" || die "a mount in another namespace is not covered"

# a hooked file system seen through a bind mount in another namespace
cp /bin/true "$work/mnt/bound"; printf b >>"$work/mnt/bound"
unshare -m --propagation private bash -c "mount --bind '$work/mnt/bound' '$work/mnt/sub/prog' && '$work/mnt/sub/prog'"
"$imactl" list | grep -q "sha256:$(sha256sum <"$work/mnt/bound" | cut -d' ' -f1) $work/mnt/sub/prog" || die "a bind mount is not named as it is seen"

if mount -t overlay ov -o "lowerdir=$work/mnt/lo,upperdir=$work/mnt/up,workdir=$work/mnt/wk" "$work/mnt/ov" 2>/dev/null; then
	cp /bin/true "$work/copy"; printf ov >>"$work/copy"; cp "$work/copy" "$work/mnt/lo/prog"
	sleep 1
	timeout 10 "$work/mnt/ov/prog" || die "a program on overlay hangs"
	listed "$work/mnt/ov/prog" || die "a program on overlay is not listed under its path"
	[ "$("$imactl" list | grep -c "$(sha256sum <"$work/copy" | cut -d' ' -f1)")" = 1 ] || die "the layer behind an overlay file has a record of its own: $("$imactl" list)"
	printf more >>"$work/mnt/ov/prog"
	timeout 10 "$work/mnt/ov/prog" || die "a changed program on overlay hangs"
	[ "$("$imactl" list | grep -c " $work/mnt/ov/prog ")" = 2 ] || die "a changed program on overlay is not listed again"
	umount "$work/mnt/ov"
fi
[ "$(status_number .events.lost)" = 0 ] || die "events lost"
[ "$(status_number .events.allowed_late)" = 0 ] || die "events answered late"
"$imactl" replay >"$work/replay" || die "replay"
# another name of a listed file is not listed; the same file system at another place is other files, as for the kernel
cp /bin/true "$work/mnt/first"; printf link >>"$work/mnt/first"; "$work/mnt/first"
ln "$work/mnt/first" "$work/mnt/link"; "$work/mnt/link"
listed "$work/mnt/first" || die "a program on the first file system"
listed "$work/mnt/link" && die "a hard link has a record of its own"
umount "$work/mnt/sub"
mkdir "$work/mnt/sub2"
sleep 1
mount -o loop "$work/image2" "$work/mnt/sub2"
sleep 1
"$work/mnt/sub2/prog"
listed "$work/mnt/sub2/prog" || die "a file system that was mounted elsewhere before is not listed under its new place"
umount "$work/mnt/sub2"

# another file system in the place of one that just went, with its numbers: its table reads as before
mount -t tmpfs one "$work/mnt/sub2"
sleep 1
before=$(mountpoint -d "$work/mnt/sub2")
# meanwhile nobody looks
worker=$(status_number .worker.pid)
kill -STOP "$worker"
umount "$work/mnt/sub2"
mount -t tmpfs one "$work/mnt/sub2"
kill -CONT "$worker"
[ "$before" = "$(mountpoint -d "$work/mnt/sub2")" ] || echo "the next file system has another number: nothing to confuse"
sleep 1.5
cp /bin/true "$work/mnt/sub2/next"; printf next >>"$work/mnt/sub2/next"; "$work/mnt/sub2/next"
listed "$work/mnt/sub2/next" || die "a file system in the place of another is not covered"
# also while the tables never rest
(while :; do mount --bind "$work/mnt/lo" "$work/mnt/ns"; sleep 0.02; umount "$work/mnt/ns" || umount -l "$work/mnt/ns"; sleep 0.02; done) &
busy=$!
sleep 1
before=$(mountpoint -d "$work/mnt/sub2")
kill -STOP "$worker" "$busy"
sleep 0.3
umount "$work/mnt/sub2"
mount -t tmpfs one "$work/mnt/sub2"
kill -CONT "$busy"
kill -CONT "$worker"
[ "$before" = "$(mountpoint -d "$work/mnt/sub2")" ] || echo "the next file system has another number: nothing to confuse"
cp /bin/true "$work/mnt/sub2/prog"
for i in $(seq 40); do
	sleep 0.3
	cp /bin/true "$work/mnt/sub2/prog$i"; printf 'restless %s' "$i" >>"$work/mnt/sub2/prog$i"; "$work/mnt/sub2/prog$i"
	! listed "$work/mnt/sub2/prog$i" || break
done
kill "$busy"; wait "$busy" 2>/dev/null || :
umount "$work/mnt/ns" 2>/dev/null || :
listed "$work/mnt/sub2/prog$i" || die "a file system in the place of another is not covered as long as mount tables change"
# what did not change is left alone: whoever unmounts several finds none of them busy
for i in $(seq 30); do
	mount -t tmpfs two "$work/mnt/ns"; mount -t tmpfs three "$work/mnt/lo"; mount -t tmpfs four "$work/mnt/up"
	sleep 0.1
	umount "$work/mnt/ns" "$work/mnt/lo" "$work/mnt/up" || die "busy in round $i"
done
umount "$work/mnt/sub2"
stop_imad
