/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the gate's kernel half and user half tell each other. Included by both: fixed-size types only, no other header needed.
 *
 * Two values hang on each inode and go with it: `live`, which only the kernel half writes, and `verdict`, which only the worker writes
 * (the kernel half may take single flags away). A verdict counts while its generation is the live one.
 */
#pragma once

#define IMA_GATE_PATH_MAX 4096
#define IMA_GATE_DATA_MAX 8192

/* bits of struct ima_gate_context.kind */
#define IMA_GATE_KIND_EXEC 0x1U     /* the open of execve, or of what it leads to */
#define IMA_GATE_KIND_LOADER 0x2U   /* the program before it in this execve was ELF: this is its loader */
#define IMA_GATE_KIND_KTHREAD 0x4U
#define IMA_GATE_KIND_TOLD 0x8U     /* the ring has a record about this access: it comes first */
#define IMA_GATE_KIND_REFUSED 0x20U /* written by the worker: this open is to fail */
#define IMA_GATE_KIND_CREATED 0x40U /* the open made the file */
#define IMA_GATE_KIND_BACKING 0x10U /* a stacked file system opens the layer behind its own file, which came before */

/** struct ima_gate_context - one access as the kernel saw it; ids are those of the initial user namespace */
struct ima_gate_context {
	__u64 ino;
	__u64 gen;     /* live generation at the access */
	__u64 caps;    /* effective */
	__u64 ip;      /* user instruction pointer, 0: none */
	__u64 fsmagic;
	__u32 dev;     /* of the super block: major << 20 | minor */
	__u32 tid, tgid;
	__u32 uid, euid, suid, gid, egid, sgid;
	__u32 fowner, fgroup;
	__u32 f_flags, f_mode;
	__u32 mode;    /* of the inode */
	__s32 writers, readers;
	__u32 kind;
	__u32 closes;  /* struct ima_gate_live.closes at the access */
	__u32 generation; /* of the inode, as file handles name it */
	__u32 mapped;  /* 1: somebody has it mapped shared and may write through that */
	__u32 pad;
	__u8 fsuuid[16];
};

/** struct ima_gate_behind - the file behind a stacked file system's file: what is read and mapped. @inode 0: none, or not known */
struct ima_gate_behind {
	__u64 inode; /* its address, which stays while the file before it does */
	__u64 gen;   /* 0: somebody had it open for writing */
};

/** struct ima_gate_live - counters: none of them goes back */
struct ima_gate_live {
	__u64 gen;
	__u32 shared_writable; /* how often it was mapped shared from a writable descriptor */
	__u32 closes;          /* how often the last writer went */
	__u32 meta;            /* how often its owner, mode, labels or access rights may have changed */
	__u32 evm;             /* what the change that came last left its metadata worth: IMA_GATE_EVM(), 0: not known */
	__u32 evm_epoch;       /* in which that counts */
	__u32 made;            /* by the open that has it for writing: attributes may be set for the first time */
	__u32 layer;           /* a stacked file system has used it as the file behind one of its own */
	__u32 attrs;           /* how often its owner, mode, size or times were set */
	struct ima_gate_behind behind; /* as the worker looked last; counts in its verdict */
};

/* what metadata is worth: enum ima_integrity, and one more so that 0 is "not known" */
#define IMA_GATE_EVM(status) ((__u32)(status) + 1)

/* bits of struct ima_gate_verdict.flags */
#define IMA_GATE_CACHED 0x1U   /* opens need no event: nothing is pending for anybody */
#define IMA_GATE_PROGRAM 0x4U  /* imad's own program, while its content is the same */
#define IMA_GATE_SIGNED 0x8U   /* signed, and whoever opens it for writing is refused */
#define IMA_GATE_NEW 0x10U     /* a rule appraised the open that made it: before 6.9 that makes it new for EVM as well */
#define IMA_GATE_MEASURED 0x2U /* a reader of it had to be measured: writers make a ToMToU violation */

/** struct ima_gate_verdict - @seen, @allowed, @unasked: bits by enum ima_func */
struct ima_gate_verdict {
	__u64 gen;
	__u32 epoch;
	__u32 flags;
	__u32 seen;
	__u32 allowed;
	__u32 reported; /* closes + 1 when its writers were reported last, 0: never */
	__u32 unasked;  /* funcs that no rule appraises */
	__u32 cleansed; /* live.shared_writable when no page of it was in memory */
	__u32 evm;      /* what its metadata was found worth: IMA_GATE_EVM(), 0: nobody looked; counts while @meta is the live one */
	__u32 meta, evm_epoch;
	struct ima_gate_behind behind;
};

/* bits of a task's own_map value */
#define IMA_GATE_OWN_PROCESS 0x1U    /* neither stashed nor told */
#define IMA_GATE_OWN_SUPERVISOR 0x2U /* while it lives nobody else takes over */
#define IMA_GATE_OWN_PROGRAM 0x4U    /* runs imad's own unchanged program: may take over from a dead supervisor */

/* enum ima_gate_guard - what is refused to everybody but imad and process 1 */
#define IMA_GATE_GUARD_OFF 0U
#define IMA_GATE_GUARD_ON 1U     /* removing pins, writing maps, tracing; killing or stopping; asking the supervisor to stop is allowed */
#define IMA_GATE_GUARD_SEALED 2U /* asking as well */

/* struct ima_gate_fs.flags */
#define IMA_GATE_FS_WATCHED 0x1U

/** struct ima_gate_fs - a file system that the worker has decided on; one that is not in the map is new */
struct ima_gate_fs {
	__u32 flags;
};

/* bits of struct ima_gate_config.evm */
#define IMA_GATE_EVM_ON 0x1U     /* metadata is looked after */
#define IMA_GATE_EVM_FIX 0x2U    /* evm=fix */
#define IMA_GATE_EVM_REFUSE 0x4U /* what is not allowed is refused, not only told */
#define IMA_GATE_EVM_CLOSED 0x8U /* so is a change that nobody can judge yet */
#define IMA_GATE_EVM_BARE 0x10U  /* a new file has no attribute that EVM covers: no label module is active */

#define IMA_GATE_NAME_MAX 256

/** struct ima_gate_name - key of the map of covered attributes: the name, then zeros */
struct ima_gate_name {
	char text[IMA_GATE_NAME_MAX];
};

/** struct ima_gate_config - one for the machine, written by the worker */
struct ima_gate_config {
	__u32 epoch;
	__u32 active;      /* funcs that some rule names, bits by enum ima_func */
	__u32 enforced;    /* funcs whose use needs a verdict that allows it */
	__u32 appraised;   /* funcs that some rule appraises, enforced or not */
	__u32 measures;    /* the policy measures anything */
	__u32 tomtou_once; /* one violation for each measured reader */
	__u32 module_data; /* init_module(2) is told */
	__u32 label_algos; /* hash algorithms, as bits, that a label may name; 0: labels are not looked at */
	__u32 label_default; /* what a label that names none stands for */
	__u32 evm;         /* IMA_GATE_EVM_* */
	__u32 evm_mode;    /* IMA_EVM_* of core/evm/mode.h */
	__u32 evm_version; /* of the behaviour profile */
	__u32 guard;       /* IMA_GATE_GUARD_* */
	__u32 supervised;  /* the supervisor lives; the kernel half clears it */
	__u32 pins_dev;    /* of the file system that holds the pins: major << 20 | minor; 0: no pins */
	__u64 pins_ino;    /* their folder */
	__u64 dropped;     /* records that found no room; written by the kernel half */
};

enum ima_gate_record_type {
	IMA_GATE_LATE = 1,  /* a use without a verdict: measure it now; @func */
	IMA_GATE_WRITERS,   /* read or mapped while others have it open for writing; @func */
	IMA_GATE_READERS,   /* opened for writing while others read it */
	IMA_GATE_CHANGED,   /* a cached file is about to change: its ignore mark must go; @func FILE_CHECK: by an open for writing */
	IMA_GATE_KEY,       /* @path: the keyring; @data: the payload */
	IMA_GATE_CMDLINE,   /* @data: of kexec_file_load */
	IMA_GATE_OPENED,    /* on a file system that the worker does not know: it made nobody wait */
	IMA_GATE_MOUNTED,   /* a file system came up */
	IMA_GATE_MPROTECT,  /* a mapping was to become executable and was refused */
	IMA_GATE_LABEL,     /* a label was to be set whose algorithm is not allowed; @path: the last name */
	IMA_GATE_METADATA,  /* metadata is about to change, or was refused to: @change; @func: IMA_GATE_EVM() of now; c: owner and mode of before */
	IMA_GATE_MODULE,    /* a piece of what init_module(2) was given: c.ino its offset, c.gen the whole length */
};

/* bits of struct ima_gate_record.change */
#define IMA_GATE_CHANGE_REVERSED 0x1U  /* @path: names from the file up to its file system's root, a zero byte after each */
#define IMA_GATE_CHANGE_REFUSED 0x2U
#define IMA_GATE_CHANGE_UNJUDGED 0x4U  /* nobody knew what the metadata was worth: by the fail mode */
#define IMA_GATE_CHANGE_FOLLOW 0x8U    /* it was good: the HMAC follows */
#define IMA_GATE_CHANGE_IS_ATTR 0x10U  /* owner or mode, not an attribute by name */
#define IMA_GATE_CHANGE_AUDIT_UPDATE 0x20U
#define IMA_GATE_CHANGE_AUDIT_APPRAISE 0x40U

struct ima_gate_record {
	__u32 type;
	__u32 func; /* enum ima_func */
	__u32 path_len, data_len; /* bytes; data_len above IMA_GATE_DATA_MAX: cut */
	__s32 fd;                 /* of the system call, -1: none */
	__u32 change;             /* IMA_GATE_CHANGE_* */
	struct ima_gate_context c;
	char path[IMA_GATE_PATH_MAX];
};

struct ima_gate_data_record {
	struct ima_gate_record r;
	__u8 data[IMA_GATE_DATA_MAX];
};
