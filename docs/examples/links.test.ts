/** Links between the pages lead somewhere. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

const markdown = (folder: string) =>
  readdirSync(folder).filter((file) => file.endsWith(".md")).map((file) => join(folder, file))

const pages = [
  ...markdown(root),
  ...markdown(join(root, "docs")),
  ...readdirSync(join(root, "packages")).flatMap((name) => markdown(join(root, "packages", name)))
]

/** The names that the headings of a page have in links. */
const anchorsOf = (page: string): ReadonlyArray<string> =>
  [...readFileSync(page, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
  )

const isFound = (page: string, link: string): boolean => {
  const [path, anchor] = link.split("#")
  const target = path === "" ? page : join(dirname(page), path!)
  return existsSync(target) && (anchor === undefined || !target.endsWith(".md") || anchorsOf(target).includes(anchor))
}

describe("links", () => {
  it("lead to a file of the repository, and to a heading in it", () => {
    const links = pages.flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => ({ page, link: link! }))
    ).filter(({ link }) => !/^https?:/.test(link))
    assert.isAbove(links.length, 40)
    const broken = links.filter(({ link, page }) => !isFound(page, link))
    assert.deepStrictEqual(broken.map(({ link, page }) => `${relative(root, page)}: ${link}`), [])
  })
})
