import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenOn } from './loopback.ts'
import { wheel } from './private-hosts.ts'
import { certificates } from './registry.ts'
import { begin, NODE, place } from './seamark.ts'
import { planRunner } from './written-plan.ts'

const here = place()
const served = join(here.dir, 'served')
mkdirSync(served)
const seen: string[] = []
const hosts = ['pypi.org', 'files.pythonhosted.org']
certificates(served, hosts)
writeFileSync(join(served, 'hosts'), `127.0.0.1 localhost\n127.0.0.43 ${hosts.join(' ')}\n`)
const tls = { key: readFileSync(join(served, 'host.key')), cert: readFileSync(join(served, 'host.pem')) }
/** The index that pip asks where it is told of no other. */
const index = createServer(tls, ({ url = '/' }, res) => {
  seen.push(url)
  try {
    const bytes = readFileSync(join(served, 'pypi', url.endsWith('/') ? `${url}index.html` : url))
    res.writeHead(200, { 'content-type': url.endsWith('/') ? 'text/html' : 'application/octet-stream' }).end(bytes)
  } catch {
    res.writeHead(404).end()
  }
})

beforeAll(() => listenOn(index, ['127.0.0.43'], 443))

afterAll(async () => {
  index.closeAllConnections()
  await new Promise((done) => index.close(done))
  here.remove()
})

/** Where the names of the index lead to loopback: in a mount namespace of its own, which takes root. */
function seamark(dir: string, ...argv: readonly string[]) {
  const inside = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', join(served, 'hosts')]
  return begin(dir, ['unshare', '--mount', ...inside, ...NODE, ...argv], { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' })
    .ended
}

/** What Debian has of pytest, and of what it needs itself. */
function pytest(): Record<string, string> {
  const cwd = '/usr/lib/python3/dist-packages'
  const modules = globSync(['py.py', '{pytest,_pytest,pluggy,iniconfig,packaging,attr,attrs}/**/*.py'], { cwd })
  return Object.fromEntries(modules.map((path) => [path, readFileSync(join(cwd, path), 'utf8')]))
}

const sauce = wheel(served, 'sauce', { 'sauce.py': 'taste = "hot"\n' })
const runner = wheel(served, 'pytest', pytest())
const unit = (taste: string) =>
  `import unittest\nimport sauce\n\n\nclass Sauce(unittest.TestCase):\n    def test_taste(self):\n        self.assertEqual(sauce.taste, "${taste}")\n`
const plain = (taste: string) => `import sauce\n\n\ndef test_taste():\n    assert sauce.taste == "${taste}"\n`

describe.each([
  {
    name: 'unittest',
    wheels: [sauce],
    line: 'python3 -m unittest discover -s tests',
    source: unit,
    says: 'Ran 1 test',
  },
  { name: 'pytest', wheels: [sauce, runner], line: 'python3 -m pytest', source: plain, says: '1 passed' },
])('where tests are of $name, init (needs root)', ({ name, wheels, line, source, says }) => {
  it('writes a plan that installs what requirements.txt names, and runs the tests', { timeout: 300_000 }, async () => {
    const requirements = wheels.map(({ requirement }) => requirement).join('')
    const dir = here.repository(name, { 'requirements.txt': requirements })
    mkdirSync(join(dir, 'tests'))
    const commit = (taste: string) => {
      writeFileSync(join(dir, 'tests', 'test_sauce.py'), source(taste))
      for (const git of [['add', '.'], ['commit', '--quiet', '--message', taste]]) execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...git], { cwd: dir }) // prettier-ignore
    }
    commit('hot')
    const found = await seamark(dir, 'init', '--json')
    expect(JSON.parse(found.out)).toMatchObject({
      created: expect.arrayContaining(['seamark.yaml', 'seamark.config.mjs']),
      projects: [{ program: 'python3', test: line, setup: { paths: ['python-packages'] } }],
    })
    const run = planRunner(dir, join(served, 'ca.pem'), seamark)
    seen.length = 0
    expect(await run('first')).toMatchObject({
      code: 0,
      status: ['succeeded', 'succeeded'],
      said: expect.stringContaining(says),
    })
    expect(seen).toEqual(expect.arrayContaining(wheels.map(({ path }) => path)))
    commit('mild')
    expect(await run('second')).toMatchObject({ code: 11, status: ['failed', 'failed'] })
  })
})
