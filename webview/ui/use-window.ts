/** Which rows of a long list are drawn: those in sight and a few around them, from the scroll position and one fixed row height. */
import type { RefObject } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface RowWindow {
  readonly scroller: RefObject<HTMLDivElement>;
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
  /** Scrolls so far that the row is in sight below the head. */
  readonly reveal: (index: number) => void;
}

/** Drawn beyond what is in sight, so that a fast scroll shows no gaps. */
const MARGIN = 8;

export function useWindow(count: number, rowHeight: number, headHeight = 0): RowWindow {
  const scroller = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 400 });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const look = (): void => {
      const { scrollTop: top, clientHeight: height } = element;
      setSight((before) => (before.top === top && before.height === height ? before : { top, height }));
    };
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, []);
  const reveal = useCallback(
    (index: number) => {
      const element = scroller.current;
      if (element === null) return;
      const top = index * rowHeight;
      const room = element.clientHeight - headHeight - rowHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top > element.scrollTop + room) element.scrollTop = top - room;
    },
    [rowHeight, headHeight],
  );
  const first = Math.max(0, Math.floor(sight.top / rowHeight) - MARGIN);
  const end = Math.min(count, Math.ceil((sight.top + sight.height) / rowHeight) + MARGIN);
  return { scroller, first: Math.min(first, end), end, reveal };
}
