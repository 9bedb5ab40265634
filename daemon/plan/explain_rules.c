/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables. See explain_rules.h. Each line was seen in the log of a criu 4.1.1 that was made to fail, or of
 * 4.2.1 for what 4.1.1 cannot dump here, but for those marked "read", which are from the source of 4.1.1.
 * Earlier rows go first. How it is done: tests/e2e/81-explain.sh.
 */
#include "plan/explain_rules.h"

#include <string.h>

#define TELLS(pattern, word, text)                                                                 \
	{                                                                                          \
		EXPLAIN_TELLS, EXPLAIN_ANYTHING, pattern, word, text                               \
	}
#define TELLS_OF(place, pattern, word, text)                                                       \
	{                                                                                          \
		EXPLAIN_TELLS, place, pattern, word, text                                          \
	}
#define FOLLOWS(pattern, word, text)                                                               \
	{                                                                                          \
		EXPLAIN_FOLLOWS, EXPLAIN_ANYTHING, pattern, word, text                             \
	}
#define NOISE(pattern)                                                                             \
	{                                                                                          \
		EXPLAIN_NOISE, EXPLAIN_ANYTHING, pattern, "", ""                                   \
	}
#define PLACE(place, pattern)                                                                      \
	{                                                                                          \
		EXPLAIN_PLACE, place, pattern, "", ""                                              \
	}
#define OPEN "Can't open file %s on restore: "

const struct explain_rule explain_rules[] = {
	{ EXPLAIN_LAST, EXPLAIN_ANYTHING, "Restoring FAILED", "", "" },

	/* Without CAP_SYS_RESOURCE; criu goes on. */
	NOISE("Can't setup RLIMIT_NOFILE for self"),
	/* A tree with a network namespace, on a machine without iptables: criu looks for it and goes on. */
	NOISE("execvp(\"iptables-"),
	NOISE("execvp(\"ip6tables-"),
	NOISE("iptables-restore -V failed"),
	NOISE("iptables-legacy-restore -V failed"),
	NOISE("ip6tables-restore -V failed"),
	NOISE("ip6tables-legacy-restore -V failed"),
	NOISE("exited, status="),
	/* Cleaning up after a failure. */
	NOISE("Couldn't unlink remap "),

	PLACE(EXPLAIN_DESCRIPTOR, "Unable to open fd=%d id=%f"),
	PLACE(EXPLAIN_MAPPING, "`- Can't open vma"),
	PLACE(EXPLAIN_CWD, "Can't open cwd"),
	PLACE(EXPLAIN_ROOT, "Can't open root"),

	/* ---- files ---- */
	TELLS("File fd/%d has bad size %d (expect %d)", "lent-unfit",
		"{lent} is {1} bytes long, and criu opens it anew only if it has the {2} bytes of the images"),
	TELLS("File fd/%d has bad mode 0%d (expect 0%d)", "lent-unfit",
		"{lent} {modes}: criu opens it anew only if they are alike"),
	TELLS("Can't open file fd/%d on restore: %s", "lent-unfit",
		"{lent} cannot be opened anew: {1}"),
	TELLS_OF(EXPLAIN_MAPPING, "File %s has bad size %d (expect %d)", "program-changed",
		"{/0} is {1} bytes long now, and {2} bytes in the images"),
	TELLS("File %s has bad size %d (expect %d)", "size-changed",
		"{/0} is {1} bytes long now, and {2} bytes in the images"),
	TELLS_OF(EXPLAIN_MAPPING, "File %s has bad mode 0%d (expect 0%d)", "program-changed",
		"{/0} {modes}"),
	TELLS("File %s has bad mode 0%d (expect 0%d)", "mode-changed", "{/0} {modes}"),
	TELLS("File %s has bad build-ID", "program-changed",
		"{/0} is another build than the one that is in the images"),
	TELLS("Can't open file ile[%s on restore: ", "external-missing",
		"nothing is lent for file[{0}, which the images have as a file from outside"),
	TELLS_OF(EXPLAIN_MAPPING, OPEN "No such file or directory", "program-missing",
		"{/0} is missing"),
	TELLS(OPEN "No such file or directory", "file-missing", "{/0} is missing"),
	TELLS(OPEN "Not a directory", "file-missing",
		"{/0} is missing: what should be a directory on the way is none"),
	TELLS(OPEN "Is a directory", "kind-changed", "{/0} is a directory now"),
	TELLS(OPEN "Permission denied", "permission", "criu may not open {/0}"),
	TELLS(OPEN "Operation not permitted", "permission", "criu may not open {/0}"),
	TELLS(OPEN "Read-only file system", "read-only",
		"{/0} is on a file system that is read-only now, and was open for writing"),
	TELLS(OPEN "No such device", "no-device",
		"nothing stands behind the device or socket {/0} here"),
	TELLS("Can't open fake fifo %f [%s]: No such file or directory", "file-missing",
		"{/1}, a FIFO, is missing"),
	TELLS("Can't restore pipe size: Bad file descriptor", "kind-changed",
		"what was a pipe or FIFO is none now"),
	TELLS("fsnotify: Unable to open %s: No such file or directory", "file-missing",
		"{0}, which is watched, is missing"),
	TELLS("Can't link %s -> %s: No such file or directory", "link-remap-gone",
		"{/0}, which criu made at the dump to keep the removed file {/1}, is gone"),
	TELLS("Can't create ghost %s: Read-only file system", "read-only",
		"criu cannot bring back {removed}: its file system is read-only now"),

	/* ---- pids ---- */
	TELLS("Can't fork for %p: File exists", "pid-taken",
		"pid {0} of the tree is taken{holder}"),
	TELLS("Can't fork for %p: Operation not permitted", "capability",
		"criu may not choose the pid {0}"),
	TELLS("Can't fork for %p: Resource temporarily unavailable", "no-processes",
		"the process {0} cannot be made: a limit of processes has been reached"),
	TELLS("Can't fork for %p: No space left on device", "no-processes",
		"the process {0} cannot be made: a limit of namespaces has been reached"),
	TELLS("Can't fork for %p: Function not implemented", "kernel-feature",
		"this kernel, or a filter of system calls, does not let criu make the process {0} with its pid"),

	/* ---- terminals ---- */
	TELLS("Don't have tty to inherit session from", "no-tty",
		"its terminal was that of the shell which started it, and criu has been given no terminal"),
	TELLS("Found slave peer index %t without correspond master peer", "tty-outside",
		"the other side of the terminal pts/{0} is outside of the tree"),
	TELLS("Deprecated functionality (TTY w/o regfile) rejected", "tty-outside",
		"a terminal that was declared to be from outside has nothing lent for it"),
	TELLS("Can't set tty params on %f: Inappropriate ioctl for device", "not-a-tty",
		"what is lent for a terminal is none"),
	TELLS("Unable to open %s with specified index %d", "pty-taken",
		"the number {1} of a pseudoterminal (pts/{1}) is in use here"),

	/* ---- sockets ---- */
	TELLS("FATAL: Peer %i unresolved for %i", "peer-missing",
		"a unix socket (inode {1}) is connected to one outside of the tree (inode {0}), and nothing is lent for it"),
	TELLS("External socket found in image", "peer-missing",
		"a unix socket is connected to one outside of the tree, and nothing is lent for it"),
	TELLS("Can't connect %i socket: %s", "peer-gone",
		"a unix socket (inode {0}) cannot be connected to its peer outside of the tree again: {1}"),
	TELLS("Can't bind id %f ino %i addr %s: No such file or directory", "file-missing",
		"the directory of the socket {2} is missing"),
	TELLS("Can't bind id %f ino %i addr %s: Address already in use", "address-taken",
		"the socket's name {2} is in use here"), /* read */
	TELLS("Can't bind inet socket (id %d): Address already in use", "address-taken",
		"the socket's address or port is in use here"),
	TELLS("Connected TCP socket in image", "tcp-connection",
		"a TCP connection is in the images, and criu was not told what to do with it"),
	TELLS("Need to set the --tcp-close options", "tcp-connection",
		"the images were dumped to have their TCP connections closed, and the restore was not told so"),

	/* ---- what comes from outside ---- */
	TELLS("Unable to find an external netns: %s", "external-missing",
		"nothing is lent for the network namespace from outside, {0}"),
	TELLS("Unable to find an external pidns: %s", "external-missing",
		"nothing is lent for the pid namespace from outside, {0}"), /* read */
	TELLS("No mapping for %d:%s mountpoint", "external-missing",
		"a mount (number {0}) was declared to be from outside, and the restore does not say what to put there"),
	TELLS("Can't setns %d/%s: Invalid argument", "lent-unfit",
		"what is lent for a {1} namespace is none"),
	TELLS("Can't fstat inherit fd %d: ", "lent-unfit",
		"criu was told to inherit its descriptor {0}, which is closed"),
	TELLS("Unable to reopen the pipe %s: No such device or address", "lent-unfit",
		"what is lent for a pipe is a socket, or a FIFO without a reader: criu cannot open it anew"),
	TELLS("Unable to reopen the pipe %s: %s", "lent-unfit",
		"criu cannot open anew what is lent for a pipe: {1}"),

	/* ---- mounts ---- */
	TELLS("BUG at criu/mount.c:", "root-needed",
		"the tree has a mount namespace of its own, and the restore names no root directory"),
	TELLS("The --root option is required", "root-needed",
		"the tree has a mount namespace of its own, and the restore names no root directory"), /* read */
	TELLS("Unable to mount %s %s (id=%d): No such file or directory", "mount",
		"the root directory {0} is missing"),
	TELLS("Can't stat mountpoint %s/mnt-%d%s: No such file or directory", "mount",
		"the place of the mount {2} is missing in the root directory"),
	TELLS("Failed to open_tree %s: No such file or directory", "mount",
		"what is to be mounted is missing: {0}"),

	/* ---- images ---- */
	TELLS("Unexpected EOF on (empty-image)", "images-damaged",
		"an image file is missing: {image}"),
	TELLS("Unexpected EOF on %s", "images-damaged",
		"an image file ends too early: {0}"), /* read */
	TELLS("Read %d bytes while %d expected from %s: ", "images-damaged",
		"an image file ends too early: {2}"),
	TELLS("Can't read pages data (-%d)", "images-damaged",
		"the memory pages cannot be read (error {0}): a pages-*.img is missing or cut"),
	TELLS("Magic doesn't match for %s", "images-damaged",
		"{0} is not the image file that its name says"),
	TELLS("Not supported images version %d", "images-version",
		"the images have the version {0}, which this criu does not know"),
	TELLS("Too old image, no longer supported", "images-version",
		"the images are too old for this criu"), /* read */
	TELLS("Core march mismatch %d", "images-architecture",
		"the images are of another kind of processor (number {0} of criu's)"),

	/* ---- cgroups ---- */
	TELLS("cg: Abort restore of existing cgroups", "cgroup",
		"a cgroup of the tree is there already, and criu was told to make it anew"),
	TELLS("cg: %s", "cgroup", "a cgroup of the tree cannot be restored: {0}"), /* read */

	/* ---- those who may say no ---- */
	TELLS("RPC client reported script error", "refused",
		"the one who asked criu for the restore has stopped it"), /* read */
	TELLS("Script %s exited with %s", "refused", "the script {0} has stopped the restore"),
	TELLS("Aborting restore due to %s script ret code", "refused",
		"a script or the client has stopped the restore ({0})"),

	/* ---- privileges ---- */
	TELLS("Unable to restore capabilities: ", "capability",
		"criu may not give the tasks the capabilities that they had"),
	TELLS("Unable to drop capability %d: ", "capability",
		"criu may not change the capabilities of the tasks"),
	TELLS("Unable to set socket SO_SNDBUFFORCE/SO_RCVBUFFORCE: Operation not permitted",
		"capability", "criu has not got CAP_NET_ADMIN"),
	TELLS("Unable to ptrace the child: Operation not permitted", "capability",
		"criu may not trace its own children"),
	{ EXPLAIN_BARE, EXPLAIN_ANYTHING,
		"CRIU needs to have the CAP_SYS_ADMIN or the CAP_CHECKPOINT_RESTORE", "capability",
		"criu has neither CAP_SYS_ADMIN nor CAP_CHECKPOINT_RESTORE" },

	/* ---- limits, whoever meets them ---- */
	TELLS("Can't chose service_fd_base: ", "no-descriptors",
		"the limit of open descriptors is too low"),
	TELLS("Can't transfer data to ghost file from image: No space left on device", "no-space",
		"there is no room to bring back {removed}"),
	TELLS("%s: No space left on device", "no-space", "no room is left on a file system: {0}"),
	TELLS("%s: Disk quota exceeded", "no-space", "a quota is used up: {0}"), /* read */
	TELLS("%s: Too many open files", "no-descriptors",
		"the limit of open descriptors is too low: {0}"), /* read */
	TELLS("%s: Cannot allocate memory", "no-memory", "there is not enough memory: {0}"),
	TELLS("%s: Function not implemented", "kernel-feature",
		"this kernel, or a filter of system calls, lacks what criu needs: {0}"),

	/* ---- what comes of other errors ---- */
	FOLLOWS("Can't open file %s: ", "", ""),
	FOLLOWS("Can't open core data for ", "", ""),
	FOLLOWS("Could not initialize kernel features detection", "", ""),
	FOLLOWS("Task %d is in unexpected state", "", ""),
	FOLLOWS("Task stopped with ", "", ""),
	FOLLOWS("Can't stop all tasks on ", "", ""),
	FOLLOWS("Killing processes because of failure on restore", "", ""),
	FOLLOWS("BUG at criu/pie/", "", ""),
	FOLLOWS("%p killed by signal %d: ", "crashed",
		"task {0} was ended by signal {1} while it was restored{last}"),
	FOLLOWS("%p exited, status=%d", "crashed",
		"task {0} ended with status {1} before it was restored{last}"),
};
const size_t explain_n_rules = sizeof(explain_rules) / sizeof(explain_rules[0]);

const struct explain_hang explain_hangs[] = {
	{ "File %s will be restored from fd %d dumped from inherit fd", "open-waits",
		"criu waits in opening what is lent for {0}: a FIFO that nobody has open at its other side",
		EXPLAIN_ANYTHING },
	{ "(flock)flag: %s, fd: %d", "lock-waits",
		"criu waits for a file lock that somebody else holds", EXPLAIN_DESCRIPTOR },
	{ "Receive fd for %d", "descriptor-waits",
		"criu waits for an open file that no other task of the tree sends",
		EXPLAIN_DESCRIPTOR },
	{ NULL, "breakpoints",
		"all is restored, and criu waits for a hardware breakpoint which does not fire",
		EXPLAIN_ANYTHING },
};
const size_t explain_n_hangs = sizeof(explain_hangs) / sizeof(explain_hangs[0]);

const struct explain_reason explain_reasons[] = {
	{ "address-taken", "End what uses the address, or lend a socket that is bound to it." },
	{ "breakpoints",
		"Virtual machines may lack hardware breakpoints: start the broker with --criu-fault 130, and criu does without." },
	{ "capability",
		"Run the broker as root with all capabilities; a container or a unit's CapabilityBoundingSet= may have taken some away." },
	{ "cgroup",
		"Make the cgroup as it was at the dump, remove one that is left over, or restore without criu's manage_cgroups." },
	{ "crashed",
		"Are the images whole, and of a criu that is no newer than this one? Signal 9 comes from outside: the kernel when memory is short, or somebody." },
	{ "descriptor-waits",
		"One end of a socket pair cannot be replaced by its key: map the descriptor (task.descriptor), or lend for both ends." },
	{ "external-missing",
		"It was left out of the dump by criu's option external, so the restore has to be given it: `fdbroker-ctl plan` lists what these images need." },
	{ "file-missing",
		"Put it back where it was, or lend a descriptor for it: `fdbroker-ctl inspect` shows the targets." },
	{ "images-architecture", "Restore on a machine of the kind on which they were dumped." },
	{ "images-damaged",
		"Copy the directory of the images again, as a whole; images of a dump that failed cannot be restored." },
	{ "images-version",
		"Restore with the version of criu with which they were dumped, or a newer one." },
	{ "kernel-feature",
		"Restore on a kernel at least as new and configured like the one of the dump; look for a SystemCallFilter= or seccomp profile." },
	{ "kind-changed",
		"Put back what was there at the dump, or lend a descriptor of the right kind." },
	{ "lent-unfit",
		"Lend a descriptor of the kind that the key names, open, and opened for what the task does with it." },
	{ "link-remap-gone",
		"A dump with criu's link_remap can be restored once: its link_remap.N files are used up. Keep a copy of them, or lend a descriptor." },
	{ "lock-waits",
		"End what holds the lock, lend another file, or restore without criu's file_locks." },
	{ "mode-changed",
		"Give it its old permissions (chmod), lend a descriptor for it, or set criu's option skip_file_rwx_check." },
	{ "mount",
		"Give the tree the root directory and the mounts that it had at the dump (criu's options root and external)." },
	{ "no-descriptors", "Raise the limit: `ulimit -n`, or LimitNOFILE= of the broker's unit." },
	{ "no-device",
		"Load the driver or start what stands behind it, or lend a descriptor for it." },
	{ "no-memory",
		"Free memory, or raise the limit of the cgroup that the tree is restored in." },
	{ "no-processes",
		"Raise pids.max of the cgroup, TasksMax= of the broker's unit, kernel.pid_max, or user.max_*_namespaces." },
	{ "no-space",
		"Make room, also on the file systems of files that were removed while open." },
	{ "no-tty",
		"Lend a terminal for the descriptor, or dump the program without its shell's terminal: start it with setsid, its output to a file or pipe." },
	{ "not-a-tty", "Lend a terminal: the slave of a pseudoterminal." },
	{ "open-waits", "Open the other side of the FIFO before the restore, or lend a pipe." },
	{ "peer-gone",
		"Start the peer before the restore, or lend a socket that is connected to it." },
	{ "peer-missing",
		"Lend a socket that is connected to the new peer: `fdbroker-ctl plan` lists it as a need." },
	{ "permission",
		"criu opens it as root, in class own as its client: look at who may open the file, at network file systems that do not trust root, and at AppArmor and SELinux." },
	{ "pid-taken",
		"End the process that has it, or restore in a new pid namespace; a dumped tree that still runs has all its pids." },
	{ "program-changed",
		"Programs and libraries must be the very ones of the dump: put the old version back. No descriptor can be lent for what is mapped." },
	{ "program-missing",
		"Programs and libraries must stand where they stood at the dump. No descriptor can be lent for what is mapped." },
	{ "pty-taken",
		"Lend terminals for both its sides, or restore where that number is free: in a devpts of its own." },
	{ "read-only", "Make it writable, or lend a descriptor for it." },
	{ "refused",
		"criu asks before and after it restores, and was told no: by a cancel, a deadline, or a script." },
	{ "root-needed",
		"Name its root directory: criu's option root (`fdbroker-ctl restore --root DIRECTORY`)." },
	{ "size-changed",
		"Put back the file of the dump, or lend a descriptor for it, which may be of any size." },
	{ "tcp-connection",
		"Set criu's option tcp_established to carry it on, or tcp_close to have it closed: as at the dump." },
	{ "tty-outside", "Lend a terminal for it: `fdbroker-ctl plan` lists it as a need." },
};
const size_t explain_n_reasons = sizeof(explain_reasons) / sizeof(explain_reasons[0]);

const char *explain_hint(const char *word)
{
	for (size_t i = 0; i < explain_n_reasons; i++)
		if (strcmp(explain_reasons[i].word, word) == 0)
			return explain_reasons[i].hint;
	return "";
}
