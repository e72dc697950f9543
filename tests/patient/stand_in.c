/* A stand-in for the national library: what it does is told by the file `mood` beside it, one word.
   It answers for both ways of calling; nothing of it comes from the real one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef MOOD
#error "MOOD is the path of the file"
#endif

static const char *NAME_UTF8 = "\xe6\xb5\x8b\xe8\xaf\x95\xe7\x94\xb2"; /* three signs */
static const char *NAME_GBK = "\xb2\xe2\xca\xd4\xbc\xd7";
static int begun = 0;

static void mood(char *word) {
    FILE *file = fopen(MOOD, "r");
    word[0] = 0;
    if (file != NULL) {
        if (fscanf(file, "%63s", word) != 1) word[0] = 0;
        fclose(file);
    }
}

static int answer(const char *in, char *out) {
    char word[64];
    mood(word);
    printf("a library that talks on standard output\n");
    fflush(stdout);
    if (!strcmp(word, "hangs")) for (;;) pause();
    if (!strcmp(word, "crashes")) { volatile int *nowhere = NULL; *nowhere = 1; }
    if (!strcmp(word, "aborts")) abort();
    if (!strcmp(word, "rubbish")) { strcpy(out, "<html>?"); return 0; }
    if (!strcmp(word, "bytes")) { memset(out, 0xFF, 200); out[200] = 0; return 0; }
    if (!strcmp(word, "floods")) { memset(out, 'x', 100000); out[100000] = 0; return 0; }
    if (!strcmp(word, "refuses")) { strcpy(out, "no reader"); return 7; }
    if (!strcmp(word, "cancelled")) { strcpy(out, "{\"code\":-2,\"message\":\"cancelled\"}"); return 0; }
    if (!strcmp(word, "foreign")) { strcpy(out, "{\"code\":\"500159\",\"message\":\"not a voucher\"}"); return 0; }
    if (!strcmp(word, "lacks")) { strcpy(out, "{\"code\":0,\"data\":{\"userName\":\"x\"}}"); return 0; }
    const char *name = !strcmp(word, "utf8") ? NAME_UTF8 : NAME_GBK;
    if (strstr(in, "\"businessType\":\"01302\"") == NULL) { strcpy(out, "{\"code\":-1,\"message\":\"type\"}"); return 0; }
    if (!strcmp(word, "nested"))
        sprintf(out, "{\"code\":\"0\",\"message\":\"\",\"data\":\"{\\\"userName\\\":\\\"%s\\\",\\\"idNo\\\":\\\"99999919900101001X\\\","
                     "\\\"idType\\\":\\\"01\\\",\\\"ecToken\\\":\\\"999999ecLIBRARY\\\"}\"}", name);
    else
        sprintf(out, "{\"code\":0,\"message\":\"\",\"orgId\":\"T\",\"data\":{\"userName\":\"%s\",\"idNo\":\"99999919900101001X\","
                     "\"idType\":\"01\",\"ecToken\":\"999999ecLIBRARY\",\"insuOrg\":\"990100\"}}", name);
    return 0;
}

const char *NationEcTrans(const char *url, const char *in, char *out) {
    static char status[16];
    (void)url;
    sprintf(status, "%04d", answer(in, out));
    return status;
}

int Init(const char *in) {
    begun = strstr(in, "IP") != NULL;
    return begun ? 0 : 1;
}

int EcQuery(const char *in, char *out) {
    if (!begun) return 9;
    return answer(in, out);
}
