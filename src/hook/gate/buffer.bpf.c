// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What is measured without being a file: keys, kexec's command line, modules handed over in memory. */
#include "gate.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* the command line is still in the caller's memory only */
static __always_inline void tell_cmdline(struct file *file, struct inode *inode)
{
#if defined(__TARGET_ARCH_x86)
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct ima_gate_data_record *r;
	__u64 len = regs->dx;
	const void *from = (const void *)regs->r10;

	if (regs->orig_ax != KEXEC_FILE_LOAD_NR || len < 1)
		return;
	r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	if (!r) {
		count_drop();
		return;
	}
	__builtin_memset(&r->r.c, 0, sizeof(r->r.c));
	fill(&r->r.c, file, inode);
	r->r.type = IMA_GATE_CMDLINE;
	r->r.func = FUNC_KEXEC_KERNEL_CHECK;
	r->r.fd = -1;
	r->r.path_len = 0;
	len--;
	r->r.data_len = len > IMA_GATE_DATA_MAX - 1 ? IMA_GATE_DATA_MAX + 1 : (__u32)len;
	if (len > IMA_GATE_DATA_MAX - 1)
		len = IMA_GATE_DATA_MAX - 1;
	if (bpf_probe_read_user(r->data, (__u32)len & (IMA_GATE_DATA_MAX - 1), from) < 0)
		r->r.data_len = IMA_GATE_DATA_MAX + 1;
	bpf_ringbuf_submit(r, 0);
#endif
}

/* after the image itself, whose program is attached first */
SEC("lsm/kernel_read_file")
int BPF_PROG(gate_kexec_cmdline, struct file *file, int id, bool contents, int ret)
{
	if (!ret && file && id == READ_KEXEC_IMAGE && is_regular(file->f_inode) &&
	    watched_for_us(file->f_inode))
		tell_cmdline(file, file->f_inode);
	return ret;
}

struct pieces {
	const char *from;
	__u64 len, at;
	struct ima_gate_context c;
};

/* one piece into the ring; 1 ends the loop */
static long tell_piece(__u32 index, struct pieces *p)
{
	struct ima_gate_data_record *r;
	__u64 n = p->len - p->at;

	if (p->at >= p->len)
		return 1;
	r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	if (!r) {
		count_drop();
		return 1;
	}
	if (n > IMA_GATE_DATA_MAX)
		n = IMA_GATE_DATA_MAX;
	r->r.type = IMA_GATE_MODULE;
	r->r.func = 0;
	r->r.fd = -1;
	r->r.path_len = 0;
	r->r.path[0] = 0;
	r->r.data_len = (__u32)n;
	r->r.c = p->c;
	r->r.c.ino = p->at;
	r->r.c.gen = p->len;
	if (bpf_probe_read_kernel(r->data, (__u32)n, p->from + p->at) < 0)
		r->r.data_len = IMA_GATE_DATA_MAX + 1;
	p->at += IMA_GATE_DATA_MAX;
	bpf_ringbuf_submit(r, 0);
	return 0;
}

SEC("lsm/kernel_post_load_data")
int BPF_PROG(gate_kernel_post_load_data, char *buf, __s64 size, int id, char *description, int ret)
{
	struct ima_gate_config *cfg = config();
	struct pieces p = { .from = buf, .len = (__u64)size };

	if (ret || !cfg || !cfg->module_data || id != READ_MODULE || size <= 0 ||
	    !(cfg->active & (1U << FUNC_CRITICAL_DATA)))
		return ret;
	fill_task(&p.c);
	bpf_loop(MAX_PIECES, tell_piece, &p, 0);
	return 0;
}

static __always_inline bool is_asymmetric(const char *type_name)
{
	char text[11] = "";

	if (bpf_probe_read_kernel_str(text, sizeof(text), type_name) < 0)
		return false;
	return text[0] == 'a' && text[1] == 's' && text[2] == 'y' && text[3] == 'm' &&
	       text[4] == 'm' && text[5] == 'e' && text[6] == 't';
}

/*
 * No hook of the security modules shows a key's payload on every kernel, and the function that adds keys has too many arguments for the
 * tracing of older ones: it is probed at its begin and its end.
 */
struct key_call {
	__u64 keyring, payload, len;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct key_call);
} key_map SEC(".maps");

/* (keyring, type, description, payload, length, ...) */
SEC("kprobe/key_create_or_update")
int gate_key_begin(struct pt_regs *ctx)
{
	const struct key_call c = { .keyring = ARG1(ctx), .payload = ARG4(ctx), .len = ARG5(ctx) };
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (c.payload && c.len && is_asymmetric((const char *)ARG2(ctx)))
		bpf_map_update_elem(&key_map, &tid, &c, BPF_ANY);
	return 0;
}

static __always_inline void tell_key(const struct key_call *c)
{
	struct ima_gate_data_record *r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	/* the lowest bit says that the caller possesses the keyring */
	const struct key *k = (const struct key *)(c->keyring & ~1ULL);
	__u32 len = (__u32)c->len;
	long n;

	if (!r) {
		count_drop();
		return;
	}
	__builtin_memset(&r->r.c, 0, sizeof(r->r.c));
	fill_task(&r->r.c);
	r->r.type = IMA_GATE_KEY;
	r->r.func = 0;
	r->r.fd = -1;
	n = bpf_probe_read_kernel_str(r->r.path, sizeof(r->r.path), BPF_CORE_READ(k, description));
	r->r.path_len = n > 0 ? (__u32)n - 1 : 0;
	r->r.data_len = c->len > IMA_GATE_DATA_MAX - 1 ? IMA_GATE_DATA_MAX + 1 : len;
	if (len > IMA_GATE_DATA_MAX - 1)
		len = IMA_GATE_DATA_MAX - 1;
	if (bpf_probe_read_kernel(r->data, len & (IMA_GATE_DATA_MAX - 1),
				  (const void *)c->payload) < 0)
		r->r.data_len = IMA_GATE_DATA_MAX + 1;
	bpf_ringbuf_submit(r, 0);
}

SEC("kretprobe/key_create_or_update")
int gate_key_end(struct pt_regs *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	const struct key_call *c = bpf_map_lookup_elem(&key_map, &tid);

	if (!c)
		return 0;
	if ((__u64)RESULT(ctx) < (__u64)-4095LL)
		tell_key(c);
	bpf_map_delete_elem(&key_map, &tid);
	return 0;
}
