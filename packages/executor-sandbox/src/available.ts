import type { Problem } from '@seamark/core'
import { systemCode } from '@seamark/kit'
import { sandboxIdentity, supervisorProblem } from '@seamark/supervisor'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isProgram } from './is-program.ts'

export type SandboxAvailability =
  | { readonly ok: true; readonly bubblewrap: string }
  /** The problem's code is `UNAVAILABLE`, with a line to run as the remedy, or `UNSUPPORTED` where it is not Linux. */
  | { readonly ok: false; readonly problem: Problem }

const places = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap', '/run/current-system/sw/bin/bwrap']

const install =
  'Install bubblewrap: `apt-get install bubblewrap`, `dnf install bubblewrap`, `apk add bubblewrap`, `pacman -S bubblewrap` or `zypper install bubblewrap`.'

/** Whether sandboxes can be built here: found by building one, as the user who will. Never throws. */
export async function sandboxAvailable(options: { bubblewrap?: string } = {}): Promise<SandboxAvailability> {
  const problem = supervisorProblem()
  if (problem !== undefined) return { ok: false, problem }
  const bubblewrap = (options.bubblewrap === undefined ? places : [options.bubblewrap]).find(isProgram)
  if (bubblewrap === undefined) return unavailable('Bubblewrap is not installed.', install)
  const said = await tryOut(bubblewrap)
  if (said === undefined) return { ok: true, bubblewrap }
  const { message, remedy } = diagnose(said)
  return unavailable(`${message} (${said})`, remedy)
}

/** What bubblewrap says when it fails to build a sandbox with every kind of namespace and mount that we use. */
function tryOut(bubblewrap: string): Promise<string | undefined> {
  const line = [
    ['--unshare-all', '--unshare-user', '--disable-userns', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
    ['--ro-bind', '/usr', '/usr'],
    ...['/bin', '/lib', '/lib64'].map((path) => ['--ro-bind-try', path, path]),
    ['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--remount-ro', '/', '--', '/usr/bin/env', 'true'],
  ].flat()
  return new Promise((resolve) => {
    const child = spawn(bubblewrap, line, {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
      ...sandboxIdentity(),
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('error', (error) => resolve(systemCode(error) ?? error.message))
    child.on('close', (code) => resolve(code === 0 ? undefined : said.trim().slice(0, 500) || `it ended with ${code}`))
  })
}

function diagnose(said: string): { message: string; remedy: string } {
  if (/Unknown option/i.test(said))
    return { message: 'Bubblewrap is older than 0.8.0.', remedy: install.replace('Install', 'Update') }
  if (setting('/proc/sys/user/max_user_namespaces') === '0') return disabled('sysctl -w user.max_user_namespaces=15000')
  if (setting('/proc/sys/kernel/unprivileged_userns_clone') === '0')
    return disabled('sysctl -w kernel.unprivileged_userns_clone=1')
  if (setting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1')
    return disabled('sysctl -w kernel.apparmor_restrict_unprivileged_userns=0')
  return {
    message: 'Bubblewrap can not build a sandbox here.',
    remedy:
      'In a container, allow user namespaces and an unmasked /proc, such as with `docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined`.',
  }
}

function disabled(line: string): { message: string; remedy: string } {
  return { message: 'User namespaces are disabled.', remedy: `Run \`${line}\` as root, and keep it in /etc/sysctl.d.` }
}

function setting(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    // Most kernels have only some of these switches.
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function unavailable(message: string, remedy: string): SandboxAvailability {
  return { ok: false, problem: { code: 'UNAVAILABLE', message, remedy } }
}
