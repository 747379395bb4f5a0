import { spawnSync } from 'node:child_process'

/** A program of the machine that some tests need, and the Debian package that has it. */
export interface Tool {
  readonly name: string
  readonly package: string
  /** Arguments of a call that succeeds only where the program really works. */
  readonly probe: readonly string[]
}

export const BUBBLEWRAP: Tool = {
  name: 'bwrap',
  package: 'bubblewrap',
  probe: ['--unshare-all', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', 'true'],
}

/** What `npm run test:services` needs beside Node, npm and git. */
export const SERVICE_TOOLS: readonly Tool[] = [
  BUBBLEWRAP,
  { name: 'python3', package: 'python3', probe: ['--version'] },
  { name: '/usr/bin/python3', package: 'python3-pip', probe: ['-m', 'pip', '--version'] },
  { name: '/usr/bin/python3', package: 'python3-pytest', probe: ['-m', 'pytest', '--version'] },
  {
    name: 'sh',
    package: 'openjdk-17-jdk-headless',
    probe: ['-c', '/usr/lib/jvm/java-17-openjdk-*/bin/javac --version'],
  },
  { name: '/usr/bin/make', package: 'make', probe: ['--version'] },
  { name: '/usr/bin/go', package: 'golang-go', probe: ['version'] },
  { name: '/usr/bin/cargo', package: 'cargo', probe: ['--version'] },
  { name: 'ssh', package: 'openssh-client', probe: ['-V'] },
  { name: 'openssl', package: 'openssl', probe: ['version'] },
  { name: 'ceph', package: 'ceph-common', probe: ['--version'] },
  { name: 'ceph-mon', package: 'ceph-mon', probe: ['--version'] },
  { name: 'ceph-osd', package: 'ceph-osd', probe: ['--version'] },
  { name: 'radosgw', package: 'radosgw', probe: ['--version'] },
  { name: '/usr/lib/postgresql/15/bin/postgres', package: 'postgresql-15', probe: ['--version'] },
  { name: 'pgbouncer', package: 'pgbouncer', probe: ['--version'] },
  { name: 'git-lfs', package: 'git-lfs', probe: ['version'] },
  { name: '/usr/sbin/sshd', package: 'openssh-server', probe: ['-V'] },
  { name: 'curl', package: 'curl', probe: ['--version'] },
  { name: 'dockerd', package: 'docker.io', probe: ['--version'] },
  { name: '/usr/bin/docker', package: 'docker.io', probe: ['--version'] },
  { name: 'runsc', package: 'runsc', probe: ['--version'] },
  { name: 'test', package: 'linux-libc-dev', probe: ['-f', '/usr/include/asm-generic/unistd.h'] },
  { name: 'x86_64-linux-gnu-gcc', package: 'gcc', probe: ['--version'] },
  { name: 'aarch64-linux-gnu-gcc', package: 'gcc-aarch64-linux-gnu', probe: ['--version'] },
  { name: '/usr/bin/chromium', package: 'chromium', probe: ['--version'] },
  { name: 'zsh', package: 'zsh', probe: ['--version'] },
  { name: 'fish', package: 'fish', probe: ['--version'] },
  { name: '/bin/busybox', package: 'busybox-static', probe: ['true'] },
  { name: 'linux.uml', package: 'user-mode-linux', probe: ['--version'] },
]

/** Why a tool can not be used, or `undefined` where it works. */
export function missing(tool: Tool): string | undefined {
  const result = spawnSync(tool.name, tool.probe, { encoding: 'utf8', timeout: 10_000 })
  if (result.status === 0) return undefined
  if (result.error !== undefined && 'code' in result.error && result.error.code === 'ENOENT')
    return `${tool.name} is not installed`
  return `${tool.name} does not work here: ${(result.stderr ?? '').trim() || String(result.error ?? result.status)}`
}

/** The line that installs tools. Another one that installs at the moment is waited for. */
export function installLine(tools: readonly Tool[]): string {
  return `apt-get install -o DPkg::Lock::Timeout=600 -y --no-install-recommends ${tools.map((tool) => tool.package).join(' ')}`
}

/** Installs the tools that are not there. Needs root and apt-get; throws, naming what is missing and the line. */
export function install(tools: readonly Tool[]): void {
  const wanted = tools.filter((tool) => missing(tool) !== undefined)
  if (wanted.length === 0) return
  console.log(`Installing ${wanted.map((tool) => tool.package).join(', ')} with apt-get.`)
  if (process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const line of ['apt-get update -o DPkg::Lock::Timeout=600 -q', installLine(wanted)]) {
      const result = spawnSync('sh', ['-c', line], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] })
      if (result.status !== 0) console.error(`${line}\n${result.stdout}${result.stderr}`)
    }
  }
  const reasons = wanted.map(missing).filter((reason) => reason !== undefined)
  if (reasons.length > 0) throw new Error(`${reasons.join('\n')}\nInstall it as root: ${installLine(wanted)}`)
}
