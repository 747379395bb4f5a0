import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gitWorkspaces } from '../src/index.ts'
import { refusal, repository, sh, temporary } from './repository.ts'
import type { SshServer } from './ssh-server.ts'
import { serveSsh } from './ssh-server.ts'

const dir = temporary()
const home = join(dir, 'ssh')
const bare = join(dir, 'served.git')
let ssh: SshServer
let n = 0
const fresh = (name: string) => join(dir, `${name}${n++}`)
const workspacesOf = () => gitWorkspaces({ dir: fresh('worker'), git: { path: ssh.path } })

beforeAll(async () => {
  ssh = await serveSsh(home)
  const work = repository(join(dir, 'work'), { 'big.bin': 'x'.repeat(100_000), f: '1\n' })
  sh(work, 'git rm -q big.bin; echo 2 > f; git commit -qam 2; git tag -a -m t v2; echo 3 > f; git commit -qam 3')
  sh(dir, `git clone -q --bare '${work}' '${bare}'; git -C '${bare}' config uploadpack.allowFilter true`)
})

afterAll(() => ssh.stop())

it.each([
  { history: undefined, log: '3\n2\nbase\n', largest: 100_000 },
  { history: 'commits', log: '3\n2\nbase\n', largest: 1_000 },
  { history: 'none', log: '3\n', largest: 1_000 },
] as const)('a repository comes over SSH with history $history', async ({ history, log, largest }) => {
  const workspaces = workspacesOf()
  const workspace = await workspaces.resolve({
    git: `${ssh.url}${bare}`,
    from: '/',
    ...(history !== undefined && { history }),
  })
  const into = fresh('attempt')
  mkdirSync(into)
  await workspaces.materialize(workspace, into)
  expect(sh(into, 'git log --format=%s; cat f; git status --porcelain; git fsck --strict 2>&1; git remote')).toBe(
    `${log}3\n`,
  )
  const sizes = sh(into, `git cat-file --batch-all-objects --batch-check='%(objectsize)'`)
  const most = Math.max(...sizes.trim().split('\n').map(Number))
  expect(most).toBeGreaterThan(largest / 10)
  expect(most).toBeLessThanOrEqual(largest)
  // Nothing of the key, or of the way to it, is where an attempt works.
  expect(sh(into, 'cat .git/config; ls -R .git')).not.toContain(home)
})

it.each([
  { file: 'user', what: 'without a key that the server takes', remedy: /key/ },
  { file: 'known', what: 'from a server that nobody knows', remedy: /known_hosts/ },
])('says so $what, and what helps', async ({ file, remedy }) => {
  renameSync(join(home, file), join(home, 'away'))
  const refused = await refusal(workspacesOf().resolve({ git: `${ssh.url}${bare}`, from: '/' }))
  renameSync(join(home, 'away'), join(home, file))
  expect(refused).toMatchObject({ code: 'FORBIDDEN', remedy: expect.stringMatching(remedy) })
})
