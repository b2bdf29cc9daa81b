#include "text.h"

#include <stdio.h>
#include <stdlib.h>

#include "sdkconfig.h"

std::string line()
{
	std::string text;
	for (;;) {
		int c = getchar();
		if (c == EOF) {
#if CONFIG_IDF_TARGET_LINUX
			if (feof(stdin))
				exit(0);
#endif
			/* On a chip: nothing has come yet. */
			clearerr(stdin);
			continue;
		}
		if (c == '\n')
			return text;
		if (c != '\r')
			text += (char)c;
	}
}

std::string word(std::string& rest)
{
	size_t end = rest.find(' ');
	std::string first = rest.substr(0, end);
	rest = end == std::string::npos ? "" : rest.substr(end + 1);
	return first;
}

std::string from_hex(const std::string& text)
{
	std::string bytes;
	for (size_t i = 0; i + 1 < text.size(); i += 2)
		bytes += (char)strtol(text.substr(i, 2).c_str(), nullptr, 16);
	return bytes;
}

std::string to_hex(const std::string& bytes)
{
	static const char DIGITS[] = "0123456789abcdef";
	std::string text;
	for (unsigned char byte : bytes) {
		text += DIGITS[byte >> 4];
		text += DIGITS[byte & 15];
	}
	return text;
}
