/* Where large static objects go. */
#ifndef BASE_PAGE_H
#define BASE_PAGE_H

/* For a static object of some KB: it begins a page, and by the linker's sorting stands before all small ones. Those
 * then share a few pages, where each would have had one of its own between objects that are never touched. Memory that
 * is not touched is not made; a session under inetd pays for each page that is. */
#define PAGE_ALONE _Alignas(4096)

#endif
