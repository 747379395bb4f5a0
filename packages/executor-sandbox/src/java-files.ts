import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What Java reads when it starts, resolves a proxy and opens TLS. Nothing of JMX, beside whose files its passwords are kept. */
const read = [
  'logging.properties',
  'net.properties',
  'security/blocked.certs',
  'security/default.policy',
  'security/java.policy',
  'security/java.security',
  'security/policy/limited',
  'security/policy/unlimited',
  'security/public_suffix_list.dat',
]

/**
 * The configuration of Java as Debian's packages have it: below `/usr` there are links to it only. Absolute paths of what is
 * there of it.
 */
export function javaFiles(etc = '/etc'): readonly string[] {
  const folders = existsSync(etc) ? readdirSync(etc).filter((name) => /^java-\d+-openjdk$/.test(name)) : []
  return folders.sort().flatMap((name) => {
    const folder = join(etc, name)
    const machines = readdirSync(folder).filter((file) => /^jvm-[a-z0-9]+\.cfg$/.test(file))
    return [...machines.sort(), ...read].map((file) => join(folder, file)).filter((path) => existsSync(path))
  })
}
