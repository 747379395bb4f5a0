import { launchId } from '@seamark/kit'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { sandboxExecutor } from '../../src/index.ts'
import { see, until } from './see.ts'

/**
 * Everything that a sandbox must keep from what runs in it, as a list of findings: empty when it
 * holds. `dir` is a data folder; run as root and as an ordinary user.
 */
export async function findEscapes(dir: string): Promise<string[]> {
  const executor = sandboxExecutor({ dir, graceMs: 0, name: `containment-${process.getuid?.()}` })
  const found: string[] = []
  const expect = (holds: boolean, what: string, seen?: unknown) => {
    if (!holds) found.push(`${what}: ${JSON.stringify(seen)}`)
  }
  const workspace = join(dir, 'workspaces', 'mine')
  const other = join(dir, 'workspaces', 'other')
  for (const folder of [workspace, other]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(other, 'secret'), 'of another item')
  writeFileSync(join(workspace, 'given'), 'from the host', { mode: 0o600 })
  const mounts = [{ source: workspace, target: '/workspace', mode: 'read-write' as const }]
  const inside = (script: string) => see(executor, script, { mounts, cwd: '/workspace' })

  try {
    const works = await inside('cat given && echo made > made && node -e "console.log(1+1)" && id -u')
    expect(
      works.out === 'from the host2\n1000\n' || works.out === 'from the host\n2\n1000\n',
      'it does its work',
      works,
    )
    expect(readFileSync(join(workspace, 'made'), 'utf8') === 'made\n', 'what it writes is on the host')
    const hostUid = statSync(join(workspace, 'made')).uid
    expect(hostUid !== 0, 'it is not root on the host', hostUid)

    const root = await inside('ls -A / /etc /etc/ssl /home /root /var /mnt /srv /sys 2>/dev/null; ls -A /run /tmp')
    for (const name of ['shadow', 'private', 'home', 'root', 'var', 'mnt', 'srv', 'sys', 'boot', 'work'])
      expect(!root.out.split('\n').includes(name), `it sees ${name}`, root.out)
    for (const path of [
      '/etc/shadow',
      '/etc/ssl/private',
      dir,
      join(other, 'secret'),
      '/home',
      '/root',
      '/var',
      import.meta.dirname,
    ])
      expect((await inside(`ls -d "${path}"`)).code !== 0, `it sees ${path}`)

    const writes = await inside(
      'for p in / /usr /usr/bin /etc /etc/passwd /opt /opt/seamark/node /proc/sys/kernel/hostname /dev /home; do ' +
        'touch "$p/x" 2>/dev/null && echo "$p"; done; echo x >> /etc/passwd; echo y > /proc/sys/kernel/hostname; true',
    )
    expect(writes.out === '', 'it writes outside its workspace', writes)

    const hidden = 'acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats'
    const machine = await inside(
      `cd /proc; for f in ${hidden}; do { ls -A $f/ || head -c 1 $f; } 2>/dev/null; done; cat /sys/firmware/* 2>/dev/null; true`,
    )
    expect(machine.out === '', 'it reads what the kernel tells of the machine', machine)
    const shown = await inside('head -c 1 /proc/meminfo; echo x > /proc/interrupts; cat /proc/interrupts')
    expect(shown.out === 'M', 'what is hidden is empty, and nothing else is', shown)

    const userns = await inside('unshare -U true; echo "code $?"; unshare -Ur id -u; echo "code $?"')
    expect(!userns.out.includes('code 0'), 'it makes a user namespace', userns)
    const mounting = await inside(
      'mount -t tmpfs none /tmp; echo "code $?"; mount --bind /usr /workspace; echo "code $?"; umount /usr; echo "code $?"',
    )
    expect(!mounting.out.includes('code 0'), 'it mounts', mounting)
    const status = await inside('grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs):" /proc/self/status')
    for (const line of status.out.trim().split('\n'))
      expect(/^(Cap\w+:\s+0{16}|NoNewPrivs:\s+1)$/.test(line), 'it has privileges', line)

    const processes = await inside('ls /proc | grep -c "^[0-9]*$"; kill -0 ' + process.pid + '; echo "code $?"')
    expect(
      Number(processes.out.split('\n')[0]) < 10 && !processes.out.includes('code 0'),
      'it sees processes of the host',
      processes,
    )

    const server = createServer((socket) => socket.end('host'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const dial = `require('node:net').connect(${port}, '127.0.0.1').on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))`
    const net = await inside(`node -e "${dial}"; ls /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1`)
    expect(
      net.out.includes('ECONNREFUSED') && net.out.trim().endsWith('lo') && !net.out.includes('host'),
      'it reaches the network',
      net,
    )
    server.close()

    const terminal = await inside('ps -o pid= -o sid= -o tty= -p $$; : < /dev/tty; echo "code $?"')
    expect(!terminal.out.includes('code 0'), 'it has a terminal', terminal)
    const env = await inside(
      'env | cut -d= -f1 | sort | tr "\\n" " "; hostname 2>/dev/null || cat /proc/sys/kernel/hostname',
    )
    expect(env.out === 'PATH PWD seamark\n', 'its environment and host name', env)
    const line = await see(executor, 'tr "\\0" " " < /proc/1/cmdline', { env: { TOKEN: 'hidden-value' } })
    expect(!line.out.includes('hidden-value'), 'its environment is in a command line', line)

    // A fork storm whose parts leave their session dies with the kill.
    const mark = `seamark-storm-${process.pid}`
    const id = launchId('test', 'storm', String(process.pid), 1, 'main')
    const storm = `f() { setsid sh -c 'echo x >> /workspace/storm; sleep 30; : ${mark}' & }; i=0; while [ $i -lt 40 ]; do f; i=$((i+1)); done; wait`
    await executor.launch(id, { argv: ['/bin/sh', '-c', storm], env: { PATH: '/usr/bin:/bin' }, cwd: '/', mounts })
    await until(() => sizeOf(join(workspace, 'storm')) === 80, 'the storm rages')
    await executor.kill(id)
    await until(async () => (await executor.attach(id)).state === 'exited', 'the storm is over')
    const alive = processesWith(mark)
    expect(alive === 0, 'processes survive the kill', alive)
  } finally {
    await executor.close?.()
  }
  return found
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function processesWith(text: string): number {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  }).length
}

// As a program of its own, for another user: findings on stdout, as JSON.
if (process.argv[2] === 'run') console.log(JSON.stringify(await findEscapes(process.argv[3] ?? '')))
