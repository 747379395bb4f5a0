import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where Debian has the programs of PostgreSQL. */
export const BIN = '/usr/lib/postgresql/15/bin'

/**
 * An image of Debian's PostgreSQL on this machine, as one from a registry is: it starts the server by itself, on its own variables and
 * volume. Returns its id, which the engine then has.
 */
export function makePostgresImage(socketPath: string): string {
  const root = mkdtempSync(join(tmpdir(), 'postgres-image-'))
  try {
    for (const folder of [
      'usr/bin',
      'usr/lib',
      'usr/lib64',
      'etc',
      'tmp',
      'run',
      'proc',
      'sys',
      'dev',
      'var/tmp',
      'var/lib/postgresql/data',
    ])
      mkdirSync(join(root, folder), { recursive: true })
    for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(root, folder))
    const shell = ['sh', 'echo', 'false', 'sleep', 'touch', 'test'].map((name) => `/usr/bin/${name}`)
    const server = ['postgres', 'initdb', 'pg_isready'].map((name) => `${BIN}/${name}`)
    const modules = ['plpgsql', 'dict_snowball'].map((name) => `/usr/lib/postgresql/15/lib/${name}.so`)
    const files = [...shell, ...server, ...modules, '/usr/share/postgresql/15', '/usr/share/zoneinfo']
    for (const path of [...files, ...new Set([...shell, ...server].flatMap(librariesOf))])
      if (existsSync(path)) cpSync(path, join(root, path), { recursive: true, dereference: true })
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n')
    writeFileSync(
      join(root, 'entry.sh'),
      '#!/bin/sh\nset -e\ninitdb -D "$PGDATA" -U "$POSTGRES_USER" -A trust\nexec "$@" -D "$PGDATA" -k /run -c listen_addresses=127.0.0.1\n',
      { mode: 0o755 },
    )
    const changes = [
      `ENV PATH=${BIN}:/usr/bin:/bin PGDATA=/var/lib/postgresql/data POSTGRES_USER=postgres`,
      'VOLUME /var/lib/postgresql/data',
      'ENTRYPOINT ["/entry.sh"]',
      'CMD ["postgres"]',
    ]
    const line = `tar --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 -C "$ROOT" -cf - . | docker import "$@" - seamark-test/postgres:1`
    return execFileSync('sh', ['-c', line, 'sh', ...changes.flatMap((change) => ['--change', change])], {
      encoding: 'utf8',
      env: { ...process.env, ROOT: root, DOCKER_HOST: `unix://${socketPath}` },
    }).trim()
  } finally {
    rmSync(root, { recursive: true })
  }
}

function librariesOf(program: string): string[] {
  if (!existsSync(program)) throw new Error(`Install postgresql-15: there is no ${program}.`)
  const said = execFileSync('sh', ['-c', 'ldd "$1" 2> /dev/null || true', 'sh', program], { encoding: 'utf8' })
  return said.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}
