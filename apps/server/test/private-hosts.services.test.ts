import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { filesWithText } from './look-inside.ts'
import {
  APT,
  debianPackages,
  FILES,
  GIT,
  privateHosts,
  PYPI,
  wheel,
  type PrivateHosts,
  type Wheel,
} from './private-hosts.ts'
import { begin, NODE, place, type Ended } from './seamark.ts'

const here = place()
const herbs = ['basil', 'dill', 'sage', 'thyme']
const served = join(here.dir, 'served')
let hosts: PrivateHosts
let sauce: Wheel

beforeAll(async () => {
  hosts = await privateHosts(served)
  sauce = wheel(served, 'sauce', { 'sauce.py': 'taste = "hot"\n' })
  debianPackages(served, herbs)
  const repository = here.repository('cloned', { 'page.txt': 'from git\n' })
  execFileSync('git', ['clone', '-q', '--bare', repository, join(served, 'git', 'private.git')])
  execFileSync('git', ['-C', join(served, 'git', 'private.git'), 'config', 'http.receivepack', 'true'])
  here.repository('repo', { 'requirements.txt': sauce.requirement })
  mkdirSync(join(served, 'files', 'shared'), { recursive: true })
  writeFileSync(join(served, 'files', 'shared', 'page'), 'from the host')
  here.write('secret', hosts.password)
  const common = `port: ${hosts.port}, mode: 'intercept', inject: 'robot'`
  writeFileSync(
    join(here.dir, 'seamark.config.mjs'),
    `import { readFileSync } from 'node:fs'
export default {
  policy: { network: { allow: [
    { host: '${GIT}', ${common}, methods: ['GET'], paths: ['/private.git/info/refs'] },
    { host: '${GIT}', ${common}, methods: ['POST'], paths: ['/private.git/git-upload-pack'] },
    { host: '${APT}', ${common}, methods: ['GET'], paths: ['/*'] },
    { host: '${FILES}', ${common}, methods: ['GET'], paths: ['/shared/*'] },
    { host: '${FILES}', ${common.replace('intercept', 'endpoint')}, methods: ['GET'], paths: ['/shared/*'] },
  ] } },
  setup: { policy: { network: { allow: [{ host: '${PYPI}', ${common}, methods: ['GET'], paths: ['/*'] }] } } },
  secrets: {
    spec: 'secrets/v1', kind: 'test', name: 'test', guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(readFileSync(${JSON.stringify(join(here.dir, 'secret'))}, 'utf8')) }),
    describe: async (ref) => ({ ref }),
  },
  git: { credentials: { 'https://${GIT}:${hosts.port}/': { user: '${hosts.user}', secret: 'robot' } } },
  egress: {
    credentials: { robot: { way: 'basic', user: '${hosts.user}' } },
    packages: { registries: [{ host: '${PYPI}', port: ${hosts.port}, kind: 'pypi' }] },
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${JSON.stringify(hosts.ca)}, 'utf8')],
  },
}
`,
  )
}, 60_000)

afterAll(async () => {
  await hosts.stop()
  here.remove()
})

interface Recorded {
  readonly kind: string
  readonly data: Readonly<Record<string, unknown>>
}

function decisions({ out }: Ended): readonly Recorded['data'][] {
  const lines: readonly Recorded[] = out.trim().split('\n').map((line) => JSON.parse(line)) // prettier-ignore
  return lines.filter(({ kind }) => kind === 'egress.decided').map(({ data }) => data)
}

/** Whether anything that is kept has the credential in one of its spellings. Empty is well. */
function leaks(ran: Ended): string[] {
  const { user, password } = hosts
  const spellings = [password, Buffer.from(`${user}:${password}`).toString('base64').slice(0, -4)]
  const said = spellings.filter((text) => (ran.out + ran.err).includes(text))
  return [...said, ...spellings.flatMap((text) => filesWithText(here.data, text))]
}

/** A command where the names of the hosts lead to loopback: in a mount namespace of its own, which takes root. */
function seamark(...argv: readonly string[]): Promise<Ended> {
  // Git trusts what the machine does.
  const mounts = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/ssl/certs/ca-certificates.crt && shift'
  const inside = ['sh', '-c', `${mounts} && exec "$@"`, hosts.hosts, hosts.ca]
  return begin(here.dir, ['unshare', '--mount', ...inside, ...NODE, ...argv, '--config', 'seamark.config.mjs']).ended
}

async function run(id: string, plan: object): Promise<Ended> {
  here.write(`${id}.json`, JSON.stringify(plan))
  const ran = await seamark('run', `${id}.json`, '--id', id, '--json')
  if (ran.code === 0) return ran
  const logs = [await seamark('logs', id, 'use'), await seamark('logs', id, 'use', '--setup', '--stderr')]
  throw new Error(`${ran.code}: ${ran.err}${logs.map(({ out, err }) => out + err).join('')}`)
}

/** What a program sees: its environment, those of all processes, its home. */
const look = (into: string): string =>
  [
    `env > ${into}/seen.txt`,
    `cat /proc/*/environ /proc/*/cmdline >> ${into}/seen.txt 2>/dev/null || true`,
    `cp -r "$HOME" ${into}/home`,
  ].join(' && ')

const installed = (more: string): object => ({
  version: 1,
  workspace: {
    git: 'repo',
    setup: {
      run: `/usr/bin/python3 -m pip install --no-input --retries 0 --target made --index-url https://${PYPI}:${hosts.port}/simple/ --require-hashes ${more} -r requirements.txt && ${look('made')}`,
      key: ['requirements.txt'],
      paths: ['made'],
    },
  },
  items: [
    {
      id: 'use',
      run: `PYTHONPATH=made /usr/bin/python3 -c 'import sauce; assert sauce.taste == "hot"'`,
    },
  ],
})

it('pip installs a private package in a set-up that has no credential (needs root)', { timeout: 120_000 }, async () => {
  const ran = await run('first', installed(''))
  const asked = hosts.seen.filter(({ host }) => host === PYPI)
  expect(asked.map(({ path }) => path)).toEqual(expect.arrayContaining(['/simple/sauce/', sauce.path]))
  expect(asked.every(({ authorized }) => authorized)).toBe(true)
  for (const path of ['/simple/sauce/', sauce.path])
    expect(decisions(ran)).toContainEqual(
      expect.objectContaining({ outcome: 'allowed', mode: 'intercept', host: PYPI, path, inject: 'robot' }),
    )
  expect(filesWithText(here.data, 'PIP_CERT').length).toBeGreaterThan(0)
  expect(leaks(ran)).toEqual([])
})

it('another set-up has the file from the host, and asks for the index (needs root)', { timeout: 120_000 }, async () => {
  hosts.seen.length = 0
  const ran = await run('second', installed('--no-compile'))
  const decided = decisions(ran).map(({ reason, path }) => `${String(reason)} ${String(path)}`)
  expect(decided).toContain(`cached ${sauce.path}`)
  expect(decided).toContain('listed /simple/sauce/')
  expect(hosts.seen.map(({ path }) => path)).not.toContain(sauce.path)
  expect(leaks(ran)).toEqual([])
})

const attempt = (...lines: readonly string[]): object => ({
  version: 1,
  items: [{ id: 'use', run: ['set -eu', ...lines, 'mkdir seen', look('seen')].join('\n') }],
})

it('git clones a private repository and may not push (needs root)', { timeout: 120_000 }, async () => {
  const url = `https://${GIT}:${hosts.port}/private.git`
  const ran = await run(
    'clone',
    attempt(
      `git clone -q ${url} cloned`,
      'test "$(cat cloned/page.txt)" = "from git"',
      'git -C cloned -c user.name=a -c user.email=a@b commit -q --allow-empty -m b',
      'GIT_TERMINAL_PROMPT=0 git -C cloned push -q origin HEAD:refs/heads/x && exit 9',
      'rm -rf cloned',
    ),
  )
  const asked = hosts.seen.filter(({ host }) => host === GIT)
  expect(asked.map(({ path }) => path)).toContain('/private.git/git-upload-pack')
  expect(asked.every(({ authorized }) => authorized)).toBe(true)
  expect(decisions(ran)).toContainEqual(expect.objectContaining({ outcome: 'refused', reason: 'path', host: GIT }))
  expect(leaks(ran)).toEqual([])
})

it(
  'an item starts from a private repository, whose password only the service has (needs root)',
  { timeout: 120_000 },
  async () => {
    hosts.seen.length = 0
    const from = { workspace: { git: `https://${GIT}:${hosts.port}/private.git` } }
    const ran = await run('workspace', { ...attempt('test "$(cat page.txt)" = "from git"'), ...from })
    expect(hosts.seen.some(({ host, authorized }) => host === GIT && authorized)).toBe(true)
    expect(leaks(ran)).toEqual([])
  },
)

it('apt gets a package of a private archive (needs root)', { timeout: 120_000 }, async () => {
  const options = [
    `Dir "/tmp/apt";`,
    `Dir::State::status "/tmp/apt/status";`,
    `Dir::Bin::methods "/usr/lib/apt/methods";`,
    `Acquire::https::CAInfo "'"$SSL_CERT_FILE"'";`,
  ]
  const ran = await run(
    'apt',
    attempt(
      'mkdir -p /tmp/apt/etc/apt /tmp/apt/var/lib/apt/lists/partial /tmp/apt/var/cache/apt/archives/partial',
      ': > /tmp/apt/status',
      `echo '${options.join(' ')}' > /tmp/apt/conf`,
      `echo 'deb [trusted=yes] https://${APT}:${hosts.port}/ stable/' > /tmp/apt/etc/apt/sources.list`,
      'export APT_CONFIG=/tmp/apt/conf',
      'apt-get update',
      `apt-get download ${herbs.join(' ')}`,
      'for each in *.deb; do dpkg-deb -x $each out; done',
      `test "$(ls out | tr '\\n' ' ')" = "${herbs.join(' ')} "`,
    ),
  )
  const asked = hosts.seen.filter(({ host }) => host === APT)
  expect(asked.map(({ path }) => path)).toEqual(
    expect.arrayContaining(herbs.map((herb) => `/stable/${herb}_1.0_all.deb`)),
  )
  expect(asked.every(({ authorized }) => authorized)).toBe(true)
  expect(leaks(ran)).toEqual([])
})

/** Prints one line for each address: the status and the answer, or the name of the error. */
const fetching = `
import java.net.URI;
import java.net.http.*;
public class Fetch {
  public static void main(String[] addresses) throws Exception {
    var secure = HttpClient.newHttpClient();
    // Over plain HTTP it would ask for HTTP/2 first.
    var plain = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    for (var address : addresses) try {
      var client = address.startsWith("https:") ? secure : plain;
      var answer = client.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
      System.out.println(answer.statusCode() + " " + answer.body());
    } catch (java.io.IOException error) {
      System.out.println(error.getClass().getName());
    }
  }
}
`

it(
  "Java's HttpClient trusts what is intercepted, and goes nowhere else (needs root)",
  { timeout: 120_000 },
  async () => {
    const url = `https://${FILES}:${hosts.port}`
    const ran = await run(
      'java',
      attempt(
        `cat > Fetch.java <<'END'${fetching}END`,
        `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["${FILES}:${hosts.port}"]')`,
        // Debian's own, whatever else is installed: its configuration is in /etc.
        `$(ls /usr/lib/jvm/java-17-openjdk-*/bin/java) Fetch.java ${url}/shared/page "$base/shared/page" https://denied.example/ ${url}/other > fetched.txt`,
        'cat fetched.txt',
      ),
    )
    const lines = (await seamark('logs', 'java', 'use')).out.trim().split('\n')
    expect(lines.slice(0, 3)).toEqual(['200 from the host', '200 from the host', 'java.io.IOException'])
    expect(lines[3]).toMatch(/^403 .*"code":"FORBIDDEN"/)
    expect(decisions(ran)).toEqual([
      expect.objectContaining({ outcome: 'allowed', mode: 'intercept', host: FILES, inject: 'robot' }),
      expect.objectContaining({ outcome: 'allowed', mode: 'endpoint', host: FILES, inject: 'robot' }),
      expect.objectContaining({ outcome: 'refused', reason: 'not-listed', host: 'denied.example' }),
      expect.objectContaining({ outcome: 'refused', reason: 'path', host: FILES, path: '/other' }),
    ])
    const asked = hosts.seen.filter(({ host }) => host === FILES)
    expect(asked).toEqual(Array(2).fill({ host: FILES, path: '/shared/page', authorized: true }))
    expect(leaks(ran)).toEqual([])
  },
)
