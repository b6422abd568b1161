// The CUDA driver and NVRTC for machines without a GPU, as far as this library calls them: the same C functions, with kernels compiled by
// g++ through emulation.h and run on the processor. "Device" memory is that of malloc, so that AddressSanitizer watches its bounds.
// Built by the tests with the folder of emulation.h as EMULATION_FOLDER and further compiler options as EMULATION_OPTIONS.
#include <dlfcn.h>
#include <unistd.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))
typedef unsigned int u32;

static int order;          // 1: threads run last to first
static int compilations;   // how often nvrtcCompileProgram ran
static long allocated;     // live allocations
static __thread void* context;

EXPORT void emulationSetOrder(int reversed) { order = reversed; }
EXPORT int emulationCompilations() { return compilations; }
EXPORT long emulationAllocations() { return allocated; }

// --- NVRTC -----------------------------------------------------------------------------------------------------------
struct Program { std::string source, log, image; std::vector<std::pair<std::string, std::string>> headers; };

static std::string content(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
}

EXPORT int nvrtcVersion(int* major, int* minor) { *major = 12; *minor = 8; return 0; }

EXPORT int nvrtcCreateProgram(Program** program, const char* source, const char*, int count, const char* const* headers, const char* const* names)
{
    *program = new Program{source, "", "", {}};
    for (int i = 0; i < count; i++)
        (*program)->headers.push_back({names[i], headers[i]});
    return 0;
}

EXPORT int nvrtcCompileProgram(Program* program, int count, const char* const* options)
{
    compilations++;
    char folder[] = "/tmp/visioncell-emulation-XXXXXX";
    if (!mkdtemp(folder))
        return 5;
    std::string base = folder, command = "g++ -std=c++17 -O1 -g -w -shared -fPIC -DVISIONCELL_EMULATION " EMULATION_OPTIONS " -I" EMULATION_FOLDER;
    for (int i = 0; i < count; i++)
        if (!strncmp(options[i], "-D", 2))
            command += std::string(" ") + options[i];
    std::ofstream(base + "/source.cpp") << program->source;
    for (auto& header : program->headers)
        std::ofstream(base + "/" + header.first) << header.second;
    int code = system((command + " " + base + "/source.cpp -o " + base + "/image.so 2> " + base + "/log").c_str());
    program->log = content(base + "/log");
    program->image = content(base + "/image.so");
    if (system(("rm -rf " + base).c_str()))
        return 5;
    return code ? 6 : 0;
}

EXPORT int nvrtcGetProgramLogSize(Program* program, size_t* size) { *size = program->log.size() + 1; return 0; }
EXPORT int nvrtcGetProgramLog(Program* program, char* log) { memcpy(log, program->log.c_str(), program->log.size() + 1); return 0; }
EXPORT int nvrtcGetCUBINSize(Program* program, size_t* size) { *size = program->image.size(); return 0; }
EXPORT int nvrtcGetCUBIN(Program* program, char* image) { memcpy(image, program->image.data(), program->image.size()); return 0; }
EXPORT int nvrtcDestroyProgram(Program** program) { delete *program; *program = nullptr; return 0; }

// --- The driver ------------------------------------------------------------------------------------------------------
struct Function { int (*launch)(void**, u32, u32, u32, u32, u32, u32, int); int (*parameters)(u32*); };

EXPORT int cuInit(u32) { return 0; }
EXPORT int cuDeviceGetCount(int* count) { *count = 1; return 0; }
EXPORT int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return ordinal == 0 ? 0 : 101; }
EXPORT int cuDeviceGetName(char* name, int length, int) { snprintf(name, length, "emulation on a processor"); return 0; }
EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) { *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 16 ? 3 : 0; return 0; }
EXPORT int cuDevicePrimaryCtxRetain(void** result, int) { *result = (void*)1; return 0; }
EXPORT int cuCtxSetCurrent(void* value) { context = value; return 0; }
EXPORT int cuCtxSynchronize() { return context ? 0 : 201; }
EXPORT int cuGetErrorName(int error, const char** name) { *name = error == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : error == 201 ? "CUDA_ERROR_INVALID_CONTEXT" : error == 719 ? "CUDA_ERROR_LAUNCH_FAILED" : "CUDA_ERROR"; return 0; }

EXPORT int cuModuleLoadData(void** module, const void* image)
{
    // The driver learns the length of an image from the image: here an ELF file, which ends with its section headers.
    const unsigned char* bytes = (const unsigned char*)image;
    size_t start;
    unsigned short size, count;
    memcpy(&start, bytes + 0x28, 8);
    memcpy(&size, bytes + 0x3a, 2);
    memcpy(&count, bytes + 0x3c, 2);
    char path[] = "/tmp/visioncell-emulation-XXXXXX";
    int file = mkstemp(path);
    if (file < 0 || write(file, bytes, start + (size_t)size * count) < 0)
        return 200;
    close(file);
    *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!*module)
        fprintf(stderr, "%s\n", dlerror());
    unlink(path);
    return *module ? 0 : 200;
}

EXPORT int cuModuleGetFunction(Function** function, void* module, const char* name)
{
    *function = new Function{
        (int (*)(void**, u32, u32, u32, u32, u32, u32, int))dlsym(module, (std::string("launch_") + name).c_str()),
        (int (*)(u32*))dlsym(module, (std::string("parameters_") + name).c_str())};
    return (*function)->launch ? 0 : 500;
}

EXPORT int cuFuncGetParamInfo(Function* function, size_t index, size_t* offset, size_t* size)
{
    u32 sizes[64];
    if ((int)index >= function->parameters(sizes))
        return 1;
    *offset = 0;
    *size = sizes[index];
    return 0;
}

EXPORT int cuLaunchKernel(Function* function, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32, void*, void** arguments, void**)
{
    if (!context)
        return 201;
    if (!gx || !gy || !gz || bx * by * bz > 1024)
        return 1;
    return function->launch(arguments, gx, gy, gz, bx, by, bz, order) ? 0 : 719;
}

EXPORT int cuMemAlloc_v2(void** memory, size_t size)
{
    if (!context)
        return 201;
    *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    memset(*memory, 0xff, size); // NaN: what is read before it is written shows.
    allocated++;
    return *memory ? 0 : 2;
}

EXPORT int cuMemFree_v2(void* memory) { free(memory); allocated--; return 0; }
EXPORT int cuMemcpyHtoD_v2(void* to, const void* from, size_t size) { memcpy(to, from, size); return 0; }
EXPORT int cuMemcpyDtoH_v2(void* to, const void* from, size_t size) { memcpy(to, from, size); return 0; }
EXPORT int cuMemcpyDtoDAsync_v2(void* to, const void* from, size_t size, void*) { memcpy(to, from, size); return 0; }

EXPORT int cuMemsetD32Async(u32* to, u32 value, size_t count, void*)
{
    for (size_t i = 0; i < count; i++)
        to[i] = value;
    return 0;
}

// Launches return when they have run, so the time of an event is that of its record.
typedef std::chrono::steady_clock Clock;
EXPORT int cuEventCreate(Clock::time_point** event, u32) { *event = new Clock::time_point; return 0; }
EXPORT int cuEventRecord(Clock::time_point* event, void*) { *event = Clock::now(); return 0; }
EXPORT int cuEventSynchronize(Clock::time_point*) { return 0; }
EXPORT int cuEventElapsedTime(float* milliseconds, Clock::time_point* from, Clock::time_point* to) { *milliseconds = std::chrono::duration<float, std::milli>(*to - *from).count(); return 0; }
EXPORT int cuEventDestroy_v2(Clock::time_point* event) { delete event; return 0; }
