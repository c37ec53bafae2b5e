#pragma warning disable IDE0130 // The compiler looks for it in this namespace.
namespace System.Runtime.CompilerServices;
#pragma warning restore IDE0130

/// <summary>Lets records be compiled for netstandard2.0, which does not have it.</summary>
internal static class IsExternalInit;
