# SPDX-License-Identifier: BSD-2-Clause
# Logs, aggregates and lists by struct and hashlib alone: what tests/system/test_evmctl.sh expects of imactl. Files go to the current folder;
# the aggregates of the PCR values in argv[1] ("BANK INDEX HEX" lines) to stdout.
import hashlib
import struct
import sys


def event(pcr, kind, digest, data, n=None):
    return struct.pack('<II', pcr, kind) + digest + struct.pack('<I', len(data) if n is None else n) + data


def write(name, data):
    open(name, 'wb').write(data)


def standalone(log):
    text, pcr, at = '', [bytes(20)] * 8, 0
    while at < len(log):
        i, _ = struct.unpack_from('<II', log, at)
        digest = log[at + 8:at + 28]
        n, = struct.unpack_from('<I', log, at + 28)
        at += 32 + n
        text += '%03u %s\n' % (i, digest.hex())
        if i < 8:
            pcr[i] = hashlib.sha1(pcr[i] + digest).digest()
    for i in range(8):
        text += 'PCR-%02x: %s\n' % (i, pcr[i].hex())
    return text + 'boot_aggregate:%s\n' % hashlib.sha1(b''.join(pcr)).hexdigest()


def logs():
    d = hashlib.sha1(b'digest').digest()
    log = b''.join(event(i % 10, 4 + i, hashlib.sha1(b'event %d' % i).digest(), b'data %d' % i) for i in range(12))
    limit = (1 << 20) - 32
    longest = event(1, 5, d, b'x' * limit) + log
    write('log12', log)
    write('log12.expected', standalone(log).encode())
    write('log12.longest', longest)
    write('log12.longest.expected', standalone(longest).encode())
    write('log12.toolong', log + event(1, 5, d, b'x' * (limit + 1)) + log)
    write('log12.liar', log + event(1, 5, d, b'x', 0xfffffff0))
    write('log12.cut', log[:-3])
    write('log12.none', b'')
    write('log12.noaction', event(2, 3, d, b'StartupNothing') + log)
    write('log12.pcr', event(40, 5, d, b'x') + log)


def digest_field(algo, d):
    return algo.encode() + b':\0' + d


def record(name, fields, violation=False, bank='sha1', pcr=10):
    data = b''.join(struct.pack('<I', len(f)) + f for f in fields)
    own = bytes(hashlib.new(bank).digest_size) if violation else hashlib.new(bank, data).digest()
    return struct.pack('<I', pcr) + own + struct.pack('<I', len(name)) + name.encode() + struct.pack('<I', len(data)) + data, data, own, violation


def pcr_file(name, value):
    write(name, ''.join('PCR-%02d: %s\n' % (i, value.hex() if i == 10 else '00' * len(value)) for i in range(24)).encode())


def replay(records, bank, padded=False, zeros=False):
    n = hashlib.new(bank).digest_size
    value = bytes(n)
    for _, data, _, violation in records:
        if violation:
            d = bytes(n) if zeros else b'\xff' * n
        elif padded:
            d = hashlib.sha1(data).digest() + bytes(n - 20)
        else:
            d = hashlib.new(bank, data).digest()
        value = hashlib.new(bank, value + d).digest()
    return value


def lists():
    def ng(i, violation=False, bank='sha1'):
        d = bytes(32) if violation else hashlib.sha256(b'%d' % i).digest()
        return record('ima-ng', [digest_field('sha256', d), b'/f%d\0' % i], violation, bank)

    plain = [ng(i) for i in range(5)]
    viol = [ng(0), ng(1), ng(2, True), ng(3)]
    for name, records in ('plain', plain), ('violations', viol):
        write(name + '.list', b''.join(r[0] for r in records))
        for bank in 'sha1', 'sha256':
            pcr_file('%s.%s' % (name, bank), replay(records, bank))
    pcr_file('plain.padded', replay(plain, 'sha256', padded=True))
    pcr_file('violations.zeros', replay(viol, 'sha1', zeros=True))
    pcr_file('plain.prefix', replay(plain[:3], 'sha1'))
    zero = bytes(20)
    pcr_file('zero', zero)
    raw = b''.join(r[0] for r in plain)
    at = len(plain[0][0]) + len(plain[1][0]) + len(plain[2][0]) + len(plain[3][0]) - 3
    damaged = bytearray(raw)
    damaged[at] ^= 1  # the name in record 4: behind the prefix that plain.prefix matches
    write('damaged.list', bytes(damaged))
    write('cut.list', raw[:-5])
    write('empty.list', b'')
    # one list for each further template, and the kernel's text of it
    sha = hashlib.sha256(b'x').digest()
    f = {'d': digest_field('sha256', sha), 'n': b'/name\0', 'sig': bytes.fromhex('030204aabbccdd0002beef'), 'mod': digest_field('sha1', hashlib.sha1(b'y').digest()),
         'pkcs': b'\x30\x01\x02', 'evm': bytes.fromhex('050204aabbccdd0002beef'), 'names': b'security.ima|security.capability\0',
         'lens': struct.pack('<II', 3, 2), 'vals': b'abcde', 'uid': struct.pack('<I', 1000), 'gid': struct.pack('<I', 2000), 'mode': struct.pack('<H', 0o100644)}
    text = {'d': 'sha256:' + sha.hex(), 'n': '/name', 'sig': f['sig'].hex(), 'mod': 'sha1:' + hashlib.sha1(b'y').hexdigest(), 'pkcs': f['pkcs'].hex(), 'evm': f['evm'].hex(),
            'names': 'security.ima|security.capability', 'lens': f['lens'].hex(), 'vals': f['vals'].hex(), 'uid': '1000', 'gid': '2000', 'mode': str(0o100644)}
    for file, name, fields in (('modsig', 'ima-modsig', 'd n sig mod pkcs'), ('evmsig', 'evm-sig', 'd n evm names lens vals uid gid mode'),
                               ('custom', 'd-ng|n-ng|iuid|igid|imode', 'd n uid gid mode')):
        keys = fields.split()
        records = [record(name, [f[k] for k in keys]), record(name, [f['d'], b'/other\0'] + [b''] * (len(keys) - 2))]
        write(file + '.list', b''.join(r[0] for r in records))
        pcr_file(file + '.sha256', replay(records, 'sha256'))
        lines = '10 %s %s %s\n' % (records[0][2].hex(), name, ' '.join(text[k] for k in keys))
        lines += '10 %s %s %s /other%s\n' % (records[1][2].hex(), name, text['d'], ' ' * (len(keys) - 2))
        write(file + '.ascii', lines.encode())


def aggregates(path):
    for bank in 'sha1', 'sha256', 'sha384', 'sha512':
        values = {}
        for line in open(path):
            b, i, v = line.split()
            if b == bank:
                values[int(i)] = bytes.fromhex(v)
        if values:
            print('%s:%s' % (bank, hashlib.new(bank, b''.join(values[i] for i in range(8 if bank == 'sha1' else 10))).hexdigest()))


logs()
lists()
aggregates(sys.argv[1])
