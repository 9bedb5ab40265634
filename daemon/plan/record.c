/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From CRIU's messages to plain structs (record.h). Checks what can be checked in one record; what
 * needs a second one is graph.c's.
 */
#include "plan/record.h"

#include <string.h>
#include <sys/socket.h>

#include "criu/images.pb-c.h"

/* Bits of a mapping's status (criu/include/image.h). */
#define VMA_FILE_PRIVATE (1u << 6)
#define VMA_FILE_SHARED  (1u << 7)
#define VMA_MEMFD        (1u << 14)

#define SCM_TYPE_RIGHTS 1

const char *file_kind_name(unsigned kind)
{
	static const char *const names[FILE_KINDS] = {
		[FILE_REG] = "file",
		[FILE_PIPE] = "pipe",
		[FILE_FIFO] = "FIFO",
		[FILE_INETSK] = "inet socket",
		[FILE_UNIXSK] = "unix socket",
		[FILE_EVENTFD] = "eventfd",
		[FILE_EPOLL] = "epoll",
		[FILE_INOTIFY] = "inotify",
		[FILE_SIGNALFD] = "signalfd",
		[FILE_PACKETSK] = "packet socket",
		[FILE_TTY] = "terminal",
		[FILE_FANOTIFY] = "fanotify",
		[FILE_NETLINKSK] = "netlink socket",
		[FILE_NS] = "namespace",
		[FILE_TUN] = "tun device",
		[FILE_EXT] = "plugin's file",
		[FILE_TIMERFD] = "timerfd",
		[FILE_MEMFD] = "memfd",
		[FILE_BPFMAP] = "BPF map",
		[FILE_PIDFD] = "pidfd",
	};

	return kind < FILE_KINDS && names[kind] ? names[kind] : "unknown";
}

/* Reads the next record into a variable m of the message's type; returns from the caller if none. */
#define NEXT(Type, descriptor)                                                                     \
	const ProtobufCMessage *base_;                                                             \
	const Criu__Images__##Type *m;                                                             \
	int r_ = image_next(img, &criu__images__##descriptor##__descriptor, &base_, err);          \
	if (r_ <= 0)                                                                               \
		return r_;                                                                         \
	m = (const Criu__Images__##Type *)base_

int record_task(struct image *img, struct rec_task *ret, struct err *err)
{
	NEXT(PstreeEntry, pstree_entry);

	*ret = (struct rec_task){ .pid = m->pid,
		.ppid = m->ppid,
		.pgid = m->pgid,
		.sid = m->sid,
		.threads = m->threads,
		.n_threads = m->n_threads };
	return 1;
}

static struct rec_ids ids_of(const Criu__Images__TaskKobjIds *m)
{
	return (struct rec_ids){ .files_id = m->files_id,
		.pid_ns_id = m->has_pid_ns_id ? m->pid_ns_id : 0,
		.net_ns_id = m->has_net_ns_id ? m->net_ns_id : 0,
		.mnt_ns_id = m->has_mnt_ns_id ? m->mnt_ns_id : 0 };
}

int record_ids(struct image *img, struct rec_ids *ret, struct err *err)
{
	NEXT(TaskKobjIds, task_kobj_ids);

	*ret = ids_of(m);
	return 1;
}

int record_core(struct image *img, struct rec_core *ret, struct err *err)
{
	NEXT(CoreEntry, core_entry);

	if (!m->tc)
		return image_fault(img, err, "the core is one of a thread, not of a task");
	*ret = (struct rec_core){ .state = m->tc->task_state,
		.exit_code = m->tc->exit_code,
		.comm = m->tc->comm,
		.has_ids = m->ids != NULL };
	if (m->ids)
		ret->ids = ids_of(m->ids);
	return 1;
}

int record_desc(struct image *img, struct rec_desc *ret, struct err *err)
{
	NEXT(FdinfoEntry, fdinfo_entry);

	*ret = (struct rec_desc){
		.id = m->id, .kind = m->type, .fd = m->fd, .cloexec = m->flags & 1
	};
	return 1;
}

static void take_reg(const Criu__Images__RegFile *m, struct rec_file *ret)
{
	ret->flags = m->flags;
	ret->pos = m->pos;
	ret->name = m->name;
	ret->name_bytes = strlen(m->name);
	ret->ext = m->has_ext && m->ext;
	ret->has_size = m->has_size;
	ret->size = m->has_size ? m->size : 0;
	ret->mode = m->has_mode ? m->mode : 0;
	ret->mnt_id = m->mnt_id;
}

static void take_unix(const Criu__Images__UnixSk *m, struct rec_file *ret)
{
	ret->flags = m->flags;
	ret->name = m->name.len ? (const char *)m->name.data : "";
	ret->name_bytes = m->name.len;
	ret->resource = m->ino;
	ret->family = AF_UNIX;
	ret->type = m->type;
	ret->state = m->state;
	ret->peer = m->peer;
	ret->shutdown = m->has_shutdown ? m->shutdown : 0;
	ret->uflags = m->uflags;
}

static void take_inet(const Criu__Images__InetSk *m, struct rec_file *ret)
{
	ret->flags = m->flags;
	ret->resource = m->ino;
	ret->family = m->family;
	ret->type = m->type;
	ret->state = m->state;
}

static void take_tty(const Criu__Images__TtyFile *m, struct rec_file *ret)
{
	ret->flags = m->flags;
	ret->resource = m->tty_info_id;
	ret->regf_id = m->has_regf_id ? m->regf_id : 0;
}

/* Kinds of which we want to know the flags alone. */
#define ONLY_FLAGS(KIND, field)                                                                    \
	case KIND:                                                                                 \
		if (!m->field)                                                                     \
			return 0;                                                                  \
		*ret_id = m->field->id;                                                            \
		ret->flags = m->field->flags;                                                      \
		return 1

/* Return: 1, 0 if the part that the type announces is not there, -1 if the type is none. */
static int take_simple(const Criu__Images__FileEntry *m, struct rec_file *ret, uint32_t *ret_id)
{
	switch (m->type) {
		ONLY_FLAGS(FILE_EVENTFD, efd);
		ONLY_FLAGS(FILE_SIGNALFD, sgfd);
		ONLY_FLAGS(FILE_TIMERFD, tfd);
		ONLY_FLAGS(FILE_INOTIFY, ify);
		ONLY_FLAGS(FILE_FANOTIFY, ffy);
		ONLY_FLAGS(FILE_PACKETSK, psk);
		ONLY_FLAGS(FILE_NETLINKSK, nlsk);
		ONLY_FLAGS(FILE_NS, nsf);
		ONLY_FLAGS(FILE_BPFMAP, bpf);
		ONLY_FLAGS(FILE_PIDFD, pidfd);
	case FILE_TUN:
		*ret_id = m->tunf ? m->tunf->id : 0;
		return m->tunf != NULL;
	case FILE_EXT:
		*ret_id = m->ext ? m->ext->id : 0;
		return m->ext != NULL;
	default:
		return -1;
	}
}

/* Takes the part of the union that the type announces. Return: as take_simple(). */
static int take_part(const Criu__Images__FileEntry *m, struct rec_file *ret, uint32_t *ret_id)
{
	switch (m->type) {
	case FILE_REG:
		if (!m->reg)
			return 0;
		*ret_id = m->reg->id;
		take_reg(m->reg, ret);
		return 1;
	case FILE_PIPE:
		if (!m->pipe)
			return 0;
		*ret_id = m->pipe->id;
		ret->flags = m->pipe->flags;
		ret->resource = m->pipe->pipe_id;
		return 1;
	case FILE_FIFO:
		if (!m->fifo)
			return 0;
		*ret_id = m->fifo->id;
		ret->resource = m->fifo->pipe_id;
		ret->regf_id = m->fifo->has_regf_id ? m->fifo->regf_id : 0;
		return 1;
	case FILE_UNIXSK:
		if (!m->usk)
			return 0;
		*ret_id = m->usk->id;
		take_unix(m->usk, ret);
		return 1;
	case FILE_INETSK:
		if (!m->isk)
			return 0;
		*ret_id = m->isk->id;
		take_inet(m->isk, ret);
		return 1;
	case FILE_TTY:
		if (!m->tty)
			return 0;
		*ret_id = m->tty->id;
		take_tty(m->tty, ret);
		return 1;
	case FILE_MEMFD:
		if (!m->memfd)
			return 0;
		*ret_id = m->memfd->id;
		ret->flags = m->memfd->flags;
		ret->pos = m->memfd->pos;
		ret->resource = m->memfd->inode_id;
		return 1;
	case FILE_EPOLL:
		if (!m->epfd)
			return 0;
		*ret_id = m->epfd->id;
		ret->flags = m->epfd->flags;
		ret->n_watched = m->epfd->n_tfd;
		ret->epoll = m->epfd;
		return 1;
	default:
		return take_simple(m, ret, ret_id);
	}
}

int record_file(struct image *img, struct rec_file *ret, struct err *err)
{
	uint32_t inner = 0;
	int r;
	NEXT(FileEntry, file_entry);

	*ret = (struct rec_file){ .id = m->id, .kind = m->type, .name = "", .mnt_id = -1 };
	r = take_part(m, ret, &inner);
	if (r < 0)
		return image_fault(
			img, err, "an open file of type %u, which is not known", m->type);
	if (r == 0)
		return image_fault(img, err, "the record says that it is a %s, and holds none",
			file_kind_name(m->type));
	if (inner != m->id)
		return image_fault(img, err, "the record has two ids, 0x%x and 0x%x", m->id, inner);
	return 1;
}

uint32_t record_watched(const struct rec_file *file, size_t at)
{
	const Criu__Images__EpollFile *m = file->epoll;

	return m->tfd[at]->tfd;
}

int record_fs(struct image *img, struct rec_fs *ret, struct err *err)
{
	NEXT(FsEntry, fs_entry);

	*ret = (struct rec_fs){ .cwd_id = m->cwd_id, .root_id = m->root_id };
	return 1;
}

int record_mm(struct image *img, struct rec_mm *ret, struct err *err)
{
	NEXT(MmEntry, mm_entry);

	*ret = (struct rec_mm){ .exe_id = m->exe_file_id, .n_vmas = m->n_vmas, .mm = m };
	return 1;
}

bool record_vma(const struct rec_mm *mm, size_t at, struct rec_vma *ret)
{
	const Criu__Images__VmaEntry *v = ((const Criu__Images__MmEntry *)mm->mm)->vmas[at];

	if (!(v->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)))
		return false;
	*ret = (struct rec_vma){ .start = v->start,
		.end = v->end,
		.file_id = (uint32_t)v->shmid,
		.memfd = v->status & VMA_MEMFD };
	return true;
}

int record_data(struct image *img, struct rec_data *ret, struct err *err)
{
	NEXT(PipeData, pipe_data);

	*ret = (struct rec_data){ .pipe_id = m->pipe_id, .bytes = m->bytes };
	return image_skip(img, ret->bytes, err) < 0 ? -1 : 1;
}

int record_packet(struct image *img, struct rec_packet *ret, struct err *err)
{
	NEXT(SkPacket, sk_packet);

	*ret = (struct rec_packet){
		.socket_id = m->id_for, .bytes = m->length, .n_scms = m->n_scm, .packet = m
	};
	return image_skip(img, ret->bytes, err) < 0 ? -1 : 1;
}

const uint32_t *record_rights(const struct rec_packet *packet, size_t at, size_t *ret_n)
{
	const Criu__Images__ScmEntry *m = ((const Criu__Images__SkPacket *)packet->packet)->scm[at];

	*ret_n = m->type == SCM_TYPE_RIGHTS ? m->n_rights : 0;
	return m->rights;
}

int record_tty(struct image *img, struct rec_tty *ret, struct err *err)
{
	NEXT(TtyInfo, tty_info);

	*ret = (struct rec_tty){ .id = m->id,
		.type = m->type,
		.sid = m->sid,
		.pgrp = m->pgrp,
		.rdev = m->rdev,
		.dev = m->has_dev ? m->dev : 0,
		.has_index = m->pty != NULL,
		.index = m->pty ? m->pty->index : 0 };
	return 1;
}

int record_memfd(struct image *img, struct rec_memfd *ret, struct err *err)
{
	NEXT(MemfdInode, memfd_inode);

	*ret = (struct rec_memfd){ .id = (uint32_t)m->inode_id, .name = m->name, .size = m->size };
	return 1;
}

int record_remap(struct image *img, struct rec_remap *ret, struct err *err)
{
	NEXT(RemapFilePath, remap_file_path);

	/* Without a type the top bit of the id says that it is a ghost (criu before 1.6). */
	*ret = (struct rec_remap){ .file_id = m->orig_id,
		.remap_id = m->remap_id,
		.type = m->has_remap_type ? m->remap_type : m->remap_id >> 31 };
	return 1;
}

int record_netns(struct image *img, struct rec_space *ret, struct err *err)
{
	NEXT(NetnsEntry, netns_entry);

	*ret = (struct rec_space){ .key = m->ext_key };
	return 1;
}

int record_pidns(struct image *img, struct rec_space *ret, struct err *err)
{
	NEXT(PidnsEntry, pidns_entry);

	*ret = (struct rec_space){ .key = m->ext_key };
	return 1;
}
