import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

/** OpenSSH's server on a free port of loopback, into which one key may log in as the user of this process. */
export interface SshServer {
  /** What a path on this machine follows to be an address. */
  readonly url: string
  /** Where programs are that a login finds first. */
  readonly bin: string
  /** A `PATH` whose `ssh` has the key, and knows the server. */
  readonly path: string
  stop(): Promise<void>
}

export async function serveSsh(home: string): Promise<SshServer> {
  const port = 20_000 + (process.pid % 20_000)
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  mkdirSync('/run/sshd', { recursive: true })
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, key)])
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F '${home}/client' "$@"\n`)
  chmodSync(join(bin, 'ssh'), 0o755)
  writeFileSync(join(home, 'known'), `[127.0.0.1]:${port} ${readFileSync(join(home, 'host.pub'), 'utf8')}`)
  writeFileSync(
    join(home, 'client'),
    `IdentityFile ${home}/user\nIdentitiesOnly yes\nUserKnownHostsFile ${home}/known\nStrictHostKeyChecking yes\n`,
  )
  writeFileSync(
    join(home, 'server'),
    `ListenAddress 127.0.0.1:${port}\nHostKey ${home}/host\nAuthorizedKeysFile ${home}/user.pub\nStrictModes no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin yes\nAcceptEnv GIT_PROTOCOL\nSetEnv PATH=${bin}:/usr/bin:/bin\n`,
  )
  const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(home, 'server')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()))
  for (let tries = 0; tries < 200 && !(await opens(port)); tries++) await new Promise((done) => setTimeout(done, 50))
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    bin,
    path: `${bin}:${process.env['PATH'] ?? ''}`,
    async stop() {
      daemon.kill()
      await ended
    },
  }
}

function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
