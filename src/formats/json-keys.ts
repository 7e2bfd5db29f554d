/**
 * What `JSON.parse` does not tell: that a key occurs twice (two readers may believe different ones), and nesting so deep that
 * parsing it would only fill the memory. One pass, no recursion; whether the text is JSON at all is left to the parser.
 */
export function faultOfKeys(json: string, maxDepth: number): string | undefined {
  const keysOfOpen: Set<string>[] = [];
  for (let i = 0; i < json.length; i++) {
    const char = json[i]!;
    if (char === '{' || char === '[') {
      if (keysOfOpen.push(new Set()) > maxDepth) return `nested deeper than ${maxDepth} levels`;
    } else if (char === '}' || char === ']') {
      keysOfOpen.pop();
    } else if (char === '"') {
      const end = endOfString(json, i);
      if (isBeforeColon(json, end)) {
        const key = unescaped(json.slice(i, end));
        const keys = keysOfOpen.at(-1);
        if (keys?.has(key)) return `the key ${JSON.stringify(key)} occurs twice`;
        keys?.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
}

/** The index behind the quote that closes the string starting at `start`. */
function endOfString(json: string, start: number): number {
  for (let i = start + 1; i < json.length; i++) {
    if (json[i] === '\\') i++;
    else if (json[i] === '"') return i + 1;
  }
  return json.length;
}

function isBeforeColon(json: string, end: number): boolean {
  let i = end;
  while (json[i] === ' ' || json[i] === '\n' || json[i] === '\r' || json[i] === '\t') i++;
  return json[i] === ':';
}

function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
