# SPDX-License-Identifier: BSD-2-Clause
# Beside tests/system/test_evmctl.sh: one run of evmctl and one of ours on the same files, both brought into one form. A request on stdin is
# lines ending in an empty one: before (shell), input (printf form), also (sed), then the arguments, each as hex. The answer is "same" or "differs".
# argv: folder for the results, theirs, ours, files...
import os
import re
import subprocess
import sys

work, theirs, ours, *files = sys.argv[1:]

RULES = [(re.compile(p, re.M), r) for p, r in (
    # the crypto library's and a debugger's lines
    (r'^errno: .*\n', ''), (r'^openssl: .*\n', ''), (r'^[0-9A-F]+:error:.*\n', ''), (r'^error:[0-9A-F]+:.*\n', ''),
    (r'^(calc_keyid_v[12]|read_keyid_from_cert|find|get_uuid):[0-9]+ .*\n', ''), (r'^[a-z_]+:[0-9]+ (hmac_misc)', r'\1'),
    (r'^keyid: [0-9a-f]{1,8}\n', ''),
    # a line that 1.6.2 has more than 1.4
    (r'^keyid [0-9a-f]{1,8} \(from (.*x509_evm|keys/.*)\.der\)\n', ''),
    # numbers that the kernel gave out
    (r'^(keyid: )[0-9]+$', r'\1SERIAL'), (r'^[0-9]{6,10}$', 'SERIAL'), (r': errno: [A-Za-z ]+ \([0-9]+\)$', ''))]


def ours_of(file):
    return [n for n in os.listxattr(file) if n.startswith(('security.', 'user.'))]


def reset(before):
    if before.startswith('chattr'):
        subprocess.run(['chattr', '-i', 'f'], check=True)
    for file in files:
        for name in ours_of(file):
            os.removexattr(file, name)
        with open(file, 'w') as out:
            out.write('content of %s\n' % file)
        os.chmod(file, 0o640)
        if os.path.exists(file + '.sig'):
            os.unlink(file + '.sig')


def labels():
    text = ''
    for file in files:
        for name in sorted(ours_of(file)):
            text += '%s %s=0x%s\n' % (file, name, os.getxattr(file, name).hex())
        if os.path.exists(file + '.sig'):
            text += '%s.sig %s\n' % (file, open(file + '.sig', 'rb').read().hex())
    return text


def run(who, tool, before, data, also, args):
    reset(before)
    if before != ':':
        subprocess.run(['bash', '-c', before])
    p = subprocess.run([tool] + args, input=data, capture_output=True)
    for kind, text in ('out', p.stdout), ('err', p.stderr):
        open('%s/%s.%s' % (work, who, kind), 'wb').write(text)
    text = 'status %d\n- stdout\n%s- stderr\n%s- labels\n%s' % (p.returncode, p.stdout.decode(errors='replace'), p.stderr.decode(errors='replace'), labels())
    text = text.replace(ours, 'evmctl').replace(theirs, 'evmctl').replace(work, 'WORK')
    for pattern, to in RULES:
        text = pattern.sub(to, text)
    if also:
        text = subprocess.run(['sed', '-E', '-e', also], input=text, capture_output=True, text=True, check=True).stdout
    open('%s/%s' % (work, who), 'w').write(text)
    return text


while True:
    request = []
    for line in sys.stdin:
        if line == '\n':
            break
        request.append(bytes.fromhex(line.strip()[1:]).decode())
    if not request:
        break
    before, data, also, *args = request
    data = data.encode().decode('unicode_escape').encode()
    same = run('theirs', theirs, before, data, also, args) == run('ours', ours, before, data, also, args)
    print('same' if same else 'differs', flush=True)
