/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/file_name.h"

#include "wsaudio/base/utf8.h"

bool file_name_is_ok(struct span name)
{
    if (name.len == 0 || name.len > FILE_NAME_LEN_MAX || name.ptr[0] == '.') {
        return false;
    }
    while (name.len > 0) {
        uint32_t code = 0;
        size_t len = utf8_next(name, &code);

        if (len == 0 || utf8_is_control(code) || code == '/' || code == '\\' || code == ':') {
            return false;
        }
        name = span_from(name, len);
    }
    return true;
}
